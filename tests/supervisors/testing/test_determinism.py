"""The same seed gives the same run: order of tasks, randomness of libraries, times.

Each control is shown by what it controls, in fresh processes with different hash seeds.
"""

from __future__ import annotations

import gc
import os
import random
import secrets
import subprocess
import sys
import textwrap
import uuid

import pytest
import trio
from wsproto.frame_protocol import os as wsproto_os

from supervisors.testing import VirtualClock, deterministic, run_virtually

PROGRAM = """
    import sys, uuid, random, secrets, trio, numpy, pandas
    from river import forest, linear_model, drift
    from supervisors.testing import VirtualClock, deterministic, run_virtually

    seen = []

    async def worker(number):
        for _ in range(5):
            await trio.sleep(0.001)
            seen.append(number)

    async def main():
        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(worker, number)

    def learn():
        model, adwin = linear_model.LogisticRegression(), drift.ADWIN()
        tree = forest.ARFClassifier(seed=1)
        for _ in range(60):
            x = {name: random.random() for name in "abc"}
            y = x["a"] > x["b"]
            adwin.update(x["a"])
            model.learn_one(x, y)
            tree.learn_one(x, y)
        return [model.predict_proba_one(x), tree.predict_proba_one(x), adwin.width]

    def columns():
        values = numpy.random.default_rng(random.getrandbits(32)).normal(size=(50, 50))
        frame = pandas.DataFrame(values @ values.T).rolling(5).mean()
        return [float(numpy.linalg.solve(values, values[0])[0]), float(frame.iloc[-1].sum())]

    with deterministic(int(sys.argv[1])):
        run_virtually(main, VirtualClock())
        print(seen, uuid.uuid4(), random.random(), secrets.token_hex(8), learn(), columns())
"""


def _run(seed: int, hash_seed: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(seed)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=True,
        text=True,
    )
    return done.stdout


def test_two_processes_with_different_hash_seeds_agree_river_numpy_and_pandas_included() -> None:
    first, second, other = _run(7, 1), _run(7, 2), _run(8, 1)
    assert first == second
    assert first != other


def test_everything_is_as_before_outside_of_the_block() -> None:
    before = (os.urandom, wsproto_os.urandom, trio.to_thread.run_sync, random.getstate())
    was_collecting = gc.isenabled()
    with deterministic(1):
        assert not gc.isenabled()
        assert os.urandom is not before[0]
    assert (os.urandom, wsproto_os.urandom, trio.to_thread.run_sync) == before[:3]
    assert random.getstate() == before[3]
    assert gc.isenabled() is was_collecting


def test_secrets_and_identifiers_come_from_the_seed() -> None:
    def draw(seed: int) -> tuple[str, str, bytes]:
        with deterministic(seed):
            return secrets.token_hex(4), str(uuid.uuid4()), wsproto_os.urandom(4)

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_threads_run_inline() -> None:
    async def main() -> int:
        return await trio.to_thread.run_sync(lambda: 42, abandon_on_cancel=True)

    with deterministic(1):
        assert run_virtually(main, VirtualClock()) == 42


def test_a_private_name_that_has_gone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING")
    with pytest.raises(AttributeError, match="_ALLOW_DETERMINISTIC_SCHEDULING"), deterministic(1):
        pass
