"""Where trials are computed: here, in processes that share the columns, or on a cluster.

All of it is `concurrent.futures`: a pool of processes, or the executor of a Dask client.

Invariant: answers come in the order of what was asked, whoever computed them; a lost worker costs
its tasks another try, not the run.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Final, Generic, TypeVar, final

import numpy as np
from attrs import frozen

from bot3.app.search.columns import mapped, place_of
from bot3.domain.errors import ConfigError, UnavailableError

D = TypeVar("D")
Q = TypeVar("Q")
A = TypeVar("A")
_TRIES: Final = 4
_TASKS_PER_WORKER: Final = 2
_CONNECT_S: Final = 5.0
_ROUNDS_MAX: Final = 100_000


@frozen(eq=False)
class Work(Generic[D, Q, A]):
    """A function of modules (not a closure), the data that each of its calls needs, and a question
    that makes it compile what it compiles.
    """

    task: Callable[[D, Sequence[Q]], list[A]]
    data: D
    warm_up: tuple[Q, ...]


@contextmanager
def computing(
    work: Work[D, Q, A], workers: int, cluster: str | None = None
) -> Iterator[Callable[[Sequence[Q]], list[A]]]:
    """How to get answers while it lasts. Raises `UnavailableError` where nothing computes."""
    if cluster is not None:
        with _on_cluster(work, cluster) as found:
            yield found
    elif workers == 1:
        work.task(work.data, work.warm_up)
        yield lambda asked: work.task(work.data, asked)
    else:
        with _in_processes(work, workers) as found:
            yield found


@contextmanager
def _in_processes(work: Work[D, Q, A], workers: int) -> Iterator[Callable[[Sequence[Q]], list[A]]]:
    with ExitStack() as stack:
        shared = _share(stack, work)

        def pool() -> Executor:
            context = multiprocessing.get_context("spawn")
            made = ProcessPoolExecutor(workers, context, initializer=_attach, initargs=shared)
            stack.callback(made.shutdown, wait=False, cancel_futures=True)
            _all_there(made, workers)
            return made

        current: list[Executor] = []

        def found(asked: Sequence[Q]) -> list[A]:
            for _ in range(_TRIES):
                try:
                    if not current:
                        current.append(pool())
                    return _gathered(current[0], _compute_shared, (), asked, workers)
                except BrokenExecutor:  # a worker was killed: the others go with it
                    current.clear()
            raise UnavailableError(f"workers died {_TRIES} times in a row: is there enough memory?")

        found(())  # they are there, and have compiled
        yield found


@contextmanager
def _on_cluster(work: Work[D, Q, A], address: str) -> Iterator[Callable[[Sequence[Q]], list[A]]]:
    try:
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise ConfigError("--cluster needs Dask: pip install 'bot3[cluster]'") from None
    try:
        client = _client(address)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"--cluster {address}: {str(error) or 'nobody answers'}") from None
    with client:
        workers = len(client.scheduler_info()["workers"])
        if not workers:
            raise UnavailableError(f"--cluster {address}: it has no workers")
        executor = client.get_executor(retries=_TRIES, pure=False)
        scattered: list[Any] = []

        def found(asked: Sequence[Q]) -> list[A]:
            reason = ""
            for _ in range(_TRIES):
                try:
                    if not scattered:
                        scattered.append(client.scatter(work.data, broadcast=True, hash=False))
                    return _gathered(executor, work.task, tuple(scattered), asked, workers)
                except (CancelledError, OSError) as error:
                    # Dask keeps few copies of what lies idle: the last went with its worker.
                    scattered.clear()
                    reason = str(error) or "workers died"
                except KilledWorker as error:
                    reason = str(error)
                    break
            raise UnavailableError(f"--cluster {address}: {reason}")

        yield found


def _client(address: str) -> Any:
    from distributed import Client

    made: Any = Client
    return made(address, timeout=_CONNECT_S, set_as_default=False)


def _gathered(
    executor: Executor,
    task: Callable[..., list[A]],
    given: tuple[Any, ...],
    asked: Sequence[Q],
    workers: int,
) -> list[A]:
    """Split evenly, in order."""
    count = max(min(workers * _TASKS_PER_WORKER, len(asked)), 1)
    edges = np.linspace(0, len(asked), count + 1).astype(int).tolist()
    tasks = [
        executor.submit(task, *given, list(asked[first:last])) for first, last in pairwise(edges)
    ]
    return [answer for each in tasks for answer in each.result()]


def _all_there(pool: Executor, workers: int) -> None:
    """Workers start when there is work: waits until each has done some."""
    seen: set[int] = set()
    for _ in range(_ROUNDS_MAX):
        asked = [pool.submit(os.getpid) for _ in range(workers)]
        seen |= {each.result() for each in asked}
        if len(seen) == workers:
            return


@final
class _Pickler(pickle.Pickler):
    """An array of a mapped file travels as its place in it."""

    def reducer_override(self, given: Any) -> Any:
        place = place_of(given) if type(given) is np.ndarray else None
        return NotImplemented if place is None else (mapped, place)


def _share(stack: ExitStack, work: Work[Any, Any, Any]) -> tuple[bytes, list[tuple[str, int]]]:
    """The work, pickled without its arrays, and the shared memories in which those lie that are in
    no file.
    """
    buffers: list[pickle.PickleBuffer] = []
    file = io.BytesIO()
    _Pickler(file, protocol=5, buffer_callback=buffers.append).dump(work)
    body, names = file.getvalue(), []
    for buffer in buffers:
        view = buffer.raw()
        memory = SharedMemory(create=True, size=max(view.nbytes, 1))
        stack.callback(memory.unlink)
        stack.callback(memory.close)
        assert memory.buf is not None
        memory.buf[: view.nbytes] = view
        names.append((memory.name, view.nbytes))
    return body, names


_attached: list[Work[Any, Any, Any]] = []
_memories: list[SharedMemory] = []


def _attach(body: bytes, names: Sequence[tuple[str, int]]) -> None:
    """Once in each worker: its arrays are the parent's memory, and its files."""
    # What is read lives as long as its memory is open.
    _memories[:] = [SharedMemory(name) for name, _ in names]
    views = [
        memoryview(memory.buf or b"")[:size].toreadonly()
        for memory, (_, size) in zip(_memories, names, strict=True)
    ]
    work = pickle.loads(body, buffers=views)  # noqa: S301  (our own parent wrote it)
    work.task(work.data, work.warm_up)
    _attached[:] = [work]


def _compute_shared(asked: Sequence[Any]) -> list[Any]:
    work = _attached[0]
    return work.task(work.data, asked)
