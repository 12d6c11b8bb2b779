"""The kill switch on disk: while a file lies in the state directory, trading is halted.

Invariant: whoever can write the directory can halt, whatever state the process is in; no process
opens its gate while the file is there.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import final

import trio
from attrs import frozen

from bot3.domain.errors import UnavailableError
from bot3.messages.control import HaltTrading
from supervisors.actor import Address, EdgeActor, EdgeContext

FILE_NAME = "HALT"
LOOK_INTERVAL_S = 0.2
_REASON_LENGTH_MAX = 200


@final
@frozen
class KillSwitch:
    """The file `HALT` of a state directory; its first line is the reason."""

    directory: Path

    @property
    def path(self) -> Path:
        """Where it lies, or would."""
        return self.directory / FILE_NAME

    def trip(self, reason: str) -> None:
        """Lays it down, durably; raises `UnavailableError`."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{reason}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise self._failed("written", error) from None

    def clear(self) -> None:
        """Takes it away, where it is; raises `UnavailableError`."""
        try:
            with suppress(FileNotFoundError):
                self.path.unlink()
        except OSError as error:
            raise self._failed("removed", error) from None

    def reason(self) -> str | None:
        """None where there is no file; one that cannot be read halts all the same."""
        try:
            text = self.path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"{self.path} cannot be read: {error.strerror}"
        first = (text.splitlines() or [""])[0].strip()
        return first[:_REASON_LENGTH_MAX] or f"the file {FILE_NAME}"

    def _failed(self, what: str, error: OSError) -> UnavailableError:
        return UnavailableError(
            f"kill switch {self.path}: cannot be {what} ({error.strerror}):"
            " check the directory's rights"
        )


@final
class KillSwitchActor(EdgeActor):
    """Looks at the file several times a second, and halts for as long as it lies there."""

    def __init__(self, switch: KillSwitch, risk: Address[HaltTrading]) -> None:
        self._switch = switch
        self._risk = risk

    async def run(self, context: EdgeContext) -> None:
        self._look(self._switch.reason())
        context.ready()
        while True:
            await trio.sleep(LOOK_INTERVAL_S)
            self._look(await trio.to_thread.run_sync(self._switch.reason))
            context.progress()

    def _look(self, reason: str | None) -> None:
        if reason is not None:
            self._risk.send(HaltTrading(reason))
