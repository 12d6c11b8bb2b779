"""One process per state directory: a lock file that the system frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self, final

from bot3.domain.errors import UnavailableError

LOCK_NAME = "bot3.lock"


@final
class StateLock:
    """Held from construction until `release`. The file stays: removing it would let two in."""

    def __init__(self, directory: Path) -> None:
        """Raises `UnavailableError` where another process holds it, or nothing can be written."""
        self.path = directory / LOCK_NAME
        self._descriptor = -1
        try:
            self._take()
        except OSError as error:
            self.release()
            raise UnavailableError(
                f"state directory {directory}: cannot be written ({error.strerror}):"
                " free the disk, check its rights, or choose another one with --userdir"
            ) from None

    def _take(self) -> None:
        directory = self.path.parent
        directory.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._descriptor, 32).decode(errors="replace").strip() or "unknown"
            self.release()
            raise UnavailableError(
                f"another bot3 (process {holder}) uses the state directory {directory}:"
                " stop it, or choose another one with --userdir"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets the next one in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()
