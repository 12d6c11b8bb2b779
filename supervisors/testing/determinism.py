"""Everything that makes a Trio run a function of its code and its seed: one place for all patches.

Invariant: inside `deterministic` neither memory addresses, nor the hash seed, nor the system's
randomness or time reaches the order of tasks or the bytes on the wire; outside, nothing is changed.
Private names of other packages are used here and nowhere else; one that has gone is an
`AttributeError` at once, never a silent loss of determinism.

| source | control |
|---|---|
| order of the tasks in a batch | Trio's own switch for sorted batches, its generator seeded |
| deadlines that are equal | a counter in place of the memory address |
| masks, nonces and pings of websockets; `uuid4`, `secrets` | streams of the seed |
| expiry of kept HTTP connections | Trio's time |
| threads | run inline, in virtual time |
| garbage collection (finalizers) | off |
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import time
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from heapq import heappush
from importlib import import_module
from typing import Any

import trio

from supervisors.entropy import Dice, Entropy

_TRIO_RUN = "trio._core._run"
_WEBSOCKET_RANDOM = ("wsproto.frame_protocol", "wsproto.utilities")
_HTTP_TIMES = ("httpcore._async.http11", "httpcore._async.http2")


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """For the length of the block; enter it before `run_virtually`. One at a time."""
    entropy = Entropy(seed)
    with ExitStack() as patches:
        _order_tasks(patches, entropy.seed_of("determinism/schedule"))
        _fix_randomness(patches, entropy)
        _fix_times(patches)
        _replace(patches, trio.to_thread, "run_sync", _inline)
        _stop_collecting(patches)
        yield


def _order_tasks(patches: ExitStack, seed: int) -> None:
    run = import_module(_TRIO_RUN)
    _replace(patches, run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
    _restore_state(patches, run._r)
    run._r.seed(seed)
    ties = itertools.count()

    def add(deadlines: Any, deadline: float, scope: trio.CancelScope) -> None:
        heappush(deadlines._heap, (deadline, next(ties), scope))
        deadlines._active += 1

    _replace(patches, run.Deadlines, "add", add)


def _fix_randomness(patches: ExitStack, entropy: Entropy) -> None:
    dice = entropy.dice("determinism/system")
    _restore_state(patches, random)
    random.seed(entropy.seed_of("determinism/global"))
    for name in _WEBSOCKET_RANDOM:
        _replace(patches, import_module(name), "os", _Shim(os, urandom=dice.randbytes))
    _replace(patches, import_module("random"), "_urandom", dice.randbytes)
    _replace(patches, os, "urandom", dice.randbytes)
    _replace(patches, import_module("trio_websocket._impl"), "random", _ping_dice(entropy))


def _ping_dice(entropy: Entropy) -> Dice:
    return entropy.dice("determinism/pings")


def _fix_times(patches: ExitStack) -> None:
    for name in _HTTP_TIMES:
        _replace(patches, import_module(name), "time", _Shim(time, monotonic=_virtual_s))


def _stop_collecting(patches: ExitStack) -> None:
    if gc.isenabled():
        gc.collect()
        gc.disable()
        patches.callback(gc.enable)


async def _inline(work: Callable[..., Any], *args: Any, **_options: Any) -> Any:
    await trio.lowlevel.checkpoint()
    return work(*args)


def _virtual_s() -> float:
    return trio.current_time()


class _Shim(types.ModuleType):
    """A module with some names replaced, for one importer alone."""

    def __init__(self, real: types.ModuleType, **replaced: Any) -> None:
        super().__init__(real.__name__)
        self.__dict__.update(replaced)
        self.__dict__["_real"] = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_real"], name)


def _replace(patches: ExitStack, owner: Any, name: str, value: Any) -> None:
    """Raises `AttributeError` where the name has gone."""
    old = getattr(owner, name)
    setattr(owner, name, value)
    patches.callback(setattr, owner, name, old)


def _restore_state(patches: ExitStack, generator: Any) -> None:
    patches.callback(generator.setstate, generator.getstate())
