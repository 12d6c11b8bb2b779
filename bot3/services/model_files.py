"""The learners' snapshots on disk: what a process that starts resumes from.

Invariant: a file is whole or not there; of each learner the last two generations are kept, and one
that cannot be resumed from is passed over, with a word in the log, for the one before it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, final

import structlog
import trio

from bot3.actors.memory import Memory
from bot3.actors.shelf import GENERATIONS_KEPT
from bot3.domain.errors import DataError
from bot3.domain.values import InstrumentId
from supervisors.actor import EdgeActor, EdgeContext

FOLDER: Final = "models"
SAVE_INTERVAL_S: Final = 20.0
_SUFFIX: Final = ".model"
_log = structlog.get_logger("bot3")


@final
class ModelFiles:
    """Files `<venue> <BASE>-<QUOTE> <generation>.model` of a folder. Blocking: for a thread.

    `saved`: the number, in memory, of the last snapshot that is here, by instrument.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.saved: dict[InstrumentId, int] = {}

    def save(self, instrument: InstrumentId, snapshot: bytes) -> None:
        """A new generation, at the price of the oldest; raises `OSError`, and nothing is lost."""
        self._folder.mkdir(parents=True, exist_ok=True)
        known = self._generations(instrument)
        number = max(known, default=0) + 1
        target = self._path(instrument, number)
        draft = target.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(snapshot)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
        for old in sorted(known)[: len(known) + 1 - GENERATIONS_KEPT]:
            with suppress(OSError):
                self._path(instrument, old).unlink()

    def load(self, instrument: InstrumentId) -> list[bytes]:
        """What is there and can be read, oldest first."""
        found = []
        for number in sorted(self._generations(instrument)):
            try:
                found.append(self._path(instrument, number).read_bytes())
            except OSError as error:
                _log.warning("a model cannot be read", instrument=str(instrument), error=str(error))
        return found

    def _path(self, instrument: InstrumentId, number: int) -> Path:
        return self._folder / f"{_stem(instrument)} {number}{_SUFFIX}"

    def _generations(self, instrument: InstrumentId) -> list[int]:
        pattern = re.compile(re.escape(_stem(instrument)) + r" (\d+)" + re.escape(_SUFFIX))
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []
        return [int(match[1]) for name in names if (match := pattern.fullmatch(name))]


def _stem(instrument: InstrumentId) -> str:
    return f"{instrument.venue} {instrument.symbol.replace('/', '-')}"


def resume_models(
    files: ModelFiles,
    memory: Memory,
    instruments: Iterable[InstrumentId],
    check: Callable[[bytes], None],
) -> int:
    """Into memory, what `check` does not refuse by `DataError`; how many learners resume."""
    resumed = 0
    for instrument in instruments:
        shelf, kept = memory.models(instrument), 0
        for snapshot in files.load(instrument):
            try:
                check(snapshot)
            except DataError as error:
                _log.warning("a model is passed over", instrument=str(instrument), error=str(error))
            else:
                shelf.keep(snapshot)
                kept += 1
        resumed += bool(kept)
        files.saved[instrument] = shelf.newest[0]
    return resumed


@final
class ModelKeeperActor(EdgeActor):
    """Writes what learners left in memory, at intervals; a full disk costs only the snapshot."""

    def __init__(
        self, files: ModelFiles, memory: Memory, instruments: tuple[InstrumentId, ...]
    ) -> None:
        self._files, self._memory, self._instruments = files, memory, instruments

    async def run(self, context: EdgeContext) -> None:
        context.ready()
        while True:
            await trio.sleep(SAVE_INTERVAL_S)
            await self.save_new()
            context.progress()

    async def save_new(self) -> None:
        """What has been left since it was saved last."""
        for instrument in self._instruments:
            await self._save(instrument)

    async def _save(self, instrument: InstrumentId) -> None:
        number, snapshot = self._memory.models(instrument).newest
        if snapshot is None or number == self._files.saved.get(instrument):
            return
        try:
            await trio.to_thread.run_sync(self._files.save, instrument, snapshot)
        except OSError as error:
            _log.warning("a model is not saved", instrument=str(instrument), error=str(error))
        else:
            self._files.saved[instrument] = number
