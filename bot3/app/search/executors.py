"""Where genomes are measured: here, in processes that share the columns, or on a cluster.

All of it is `concurrent.futures`: a pool of processes, or the executor of a Dask client.

Invariant: scores come in the order of what was asked, whoever computed them; a lost worker costs
its tasks another try, not the run.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Final

import numpy as np
from attrs import frozen

from bot3.domain.errors import ConfigError, UnavailableError
from bot3.evolution.engine import Score
from bot3.evolution.fitness import Columns, SearchData, measure
from bot3.evolution.genome import REGIME

Measure = Callable[[Sequence[str]], list[Score]]
WARM_UP: Final = (f"rule {REGIME}>0.5 {REGIME}<0.5",)
_TRIES: Final = 4
_TASKS_PER_WORKER: Final = 2
_CONNECT_S: Final = 10.0
_ROUNDS_MAX: Final = 100_000


@frozen
class _Shared:
    """An array that lies in shared memory."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@frozen
class _Layout:
    """Of a whole `SearchData`: each instrument's columns, returns and windows."""

    instruments: tuple[tuple[_Shared, _Shared, list[tuple[int, int]]], ...]
    fee: float


@contextmanager
def measuring(data: SearchData, workers: int, cluster: str | None = None) -> Iterator[Measure]:
    """How to measure while it lasts. Raises `UnavailableError` where nothing computes."""
    if cluster is not None:
        with _on_cluster(data, cluster) as found:
            yield found
    elif workers == 1:
        yield lambda texts: measure(data, texts)
    else:
        with _in_processes(data, workers) as found:
            yield found


@contextmanager
def _in_processes(data: SearchData, workers: int) -> Iterator[Measure]:
    with ExitStack() as stack:
        shared = [_put(stack, each) for each in data.instruments]
        layout = _Layout(tuple(shared), data.fee)

        def pool() -> Executor:
            context = multiprocessing.get_context("spawn")
            made = ProcessPoolExecutor(workers, context, initializer=_attach, initargs=(layout,))
            stack.callback(made.shutdown, wait=False, cancel_futures=True)
            _all_there(made, workers)
            return made

        try:
            current = [pool()]
        except BrokenExecutor as error:
            raise UnavailableError(f"no worker process comes up: {error}") from None

        def found(texts: Sequence[str]) -> list[Score]:
            for _ in range(_TRIES):
                try:
                    return _gathered(current[0], _measure_shared, (), texts, workers)
                except BrokenExecutor:  # a worker was killed: the others go with it
                    current[0] = pool()
            raise UnavailableError(f"workers died {_TRIES} times in a row: is there enough memory?")

        yield found


@contextmanager
def _on_cluster(data: SearchData, address: str) -> Iterator[Measure]:
    try:
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ConfigError("--cluster needs Dask: pip install 'bot3[cluster]'") from None
    try:
        client: Any = _client(address)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"--cluster {address}: {str(error) or 'nobody answers'}") from None
    with client:
        workers = len(client.scheduler_info()["workers"])
        if not workers:
            raise UnavailableError(f"--cluster {address}: it has no workers")
        scattered = client.scatter(data, broadcast=True, hash=False)
        executor = client.get_executor(retries=_TRIES, pure=False)

        def found(texts: Sequence[str]) -> list[Score]:
            try:
                return _gathered(executor, measure, (scattered,), texts, workers)
            except (KilledWorker, OSError) as error:
                raise UnavailableError(f"--cluster {address}: {error}") from error

        yield found


def _all_there(pool: Executor, workers: int) -> None:
    """Workers start when there is work: waits until each has done some, and compiled."""
    seen: set[int] = set()
    for _ in range(_ROUNDS_MAX):
        asked = [pool.submit(_who) for _ in range(workers)]
        seen |= {each.result() for each in asked}
        if len(seen) == workers:
            return


def _who() -> int:
    return os.getpid()


def _client(address: str) -> Any:
    from distributed import Client

    made: Any = Client
    return made(address, timeout=_CONNECT_S, set_as_default=False)


def _gathered(
    executor: Executor,
    task: Callable[..., list[Score]],
    given: tuple[Any, ...],
    texts: Sequence[str],
    workers: int,
) -> list[Score]:
    """Split evenly, in order."""
    count = max(min(workers * _TASKS_PER_WORKER, len(texts)), 1)
    edges = np.linspace(0, len(texts), count + 1).astype(int).tolist()
    tasks = [
        executor.submit(task, *given, list(texts[first:last])) for first, last in pairwise(edges)
    ]
    return [score for each in tasks for score in each.result()]


def _put(stack: ExitStack, columns: Columns) -> tuple[_Shared, _Shared, list[tuple[int, int]]]:
    return _share(stack, columns.columns), _share(stack, columns.returns), columns.windows


def _share(stack: ExitStack, array: np.ndarray[Any, Any]) -> _Shared:
    memory = SharedMemory(create=True, size=max(array.nbytes, 1))
    stack.callback(memory.unlink)
    stack.callback(memory.close)
    np.ndarray(array.shape, array.dtype, memory.buf)[...] = array
    return _Shared(memory.name, array.shape, array.dtype.str)


_attached: list[SearchData] = []
_memories: list[SharedMemory] = []


def _attach(layout: _Layout) -> None:
    """Once in each worker: its columns are the parent's memory."""
    instruments = tuple(
        Columns(_view(columns), _view(returns), windows)
        for columns, returns, windows in layout.instruments
    )
    _attached[:] = [SearchData(instruments, layout.fee)]
    measure(_attached[0], WARM_UP)  # compiles


def _view(shared: _Shared) -> np.ndarray[Any, Any]:
    memory = SharedMemory(shared.name)
    _memories.append(memory)  # the view lives as long as its memory is open
    found: np.ndarray[Any, Any] = np.ndarray(shared.shape, shared.dtype, memory.buf)
    found.flags.writeable = False
    return found


def _measure_shared(texts: Sequence[str]) -> list[Score]:
    return measure(_attached[0], texts)
