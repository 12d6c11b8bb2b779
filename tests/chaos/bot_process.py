"""bot3 as a process that a test kills, freezes and starts again on the same state directory."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import trio
from attrs import define, field

from tests.bot3.app.processes import environment
from tests.chaos.books import OurBooks
from tests.chaos.journal import count_intents, our_books
from tests.chaos.patience import eventually
from tests.chaos.restless import CALM_FILE

CONFIG = Path(__file__).with_name("fast.toml")
LOG_TAIL = 3_000
STOP_DEADLINE_S = 30.0
# Of a busy machine, a start-up included; a link that fell silent is found dead after a minute.
PROMPT_S = 120.0


@define
class Bot:
    """One state directory and the process on it, if there is one. `module` is what is run."""

    directory: Path
    port: int
    keys: Mapping[str, str] = field(repr=False)
    module: str = "bot3"
    process: trio.Process | None = None
    codes: list[int] = field(factory=list)

    @property
    def userdir(self) -> Path:
        return self.directory / "state"

    @property
    def calm_file(self) -> Path:
        return self.directory / "calm"

    def books(self) -> OurBooks:
        return our_books(self.userdir)

    def tail(self) -> str:
        """The end of what it printed: for a failing test."""
        return (self.directory / "bot.log").read_text(errors="replace")[-LOG_TAIL:]

    async def start(self, *arguments: str) -> None:
        """Returns at once; it is not ready then."""
        assert self.process is None
        where = f"127.0.0.1:{self.port}"
        with (self.directory / "bot.log").open("ab") as log:
            self.process = await trio.lowlevel.open_process(
                self._command(arguments),
                cwd=self.directory,
                env=environment(
                    PYTHONUNBUFFERED="1",
                    **{CALM_FILE: str(self.calm_file)},
                    BOT3__VENUES__BINANCE__REST_URL=f"http://{where}",
                    BOT3__VENUES__BINANCE__WS_URL=f"ws://{where}/stream",
                    BOT3__VENUES__BINANCE__PRIVATE_WS_URL=f"ws://{where}/ws-api/v3",
                    **self.keys,
                ),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _command(self, arguments: Sequence[str]) -> list[str]:
        given = ["trade", "-c", str(CONFIG), "--userdir", str(self.userdir), "--json"]
        return [sys.executable, "-m", self.module, *given, *arguments]

    def send(self, number: signal.Signals) -> None:
        """A signal; nothing to a process that has ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    @contextmanager
    def without_room(self) -> Iterator[None]:
        """No file of this process may be written while this holds."""
        assert self.process is not None
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (hard, hard))

    async def kill(self) -> None:
        """-9, without a word."""
        self.send(signal.SIGKILL)
        await self.ended(within_s=PROMPT_S)

    async def stop(self) -> int:
        """In order; its exit code."""
        self.send(signal.SIGTERM)
        return await self.ended(within_s=STOP_DEADLINE_S)

    async def ended(self, *, within_s: float) -> int:
        """Its exit code, once it has ended."""
        assert self.process is not None
        with trio.move_on_after(within_s) as limit:
            await self.process.wait()
        assert not limit.cancelled_caught, f"still there after {within_s:g} s: {self.tail()}"
        code = self.process.returncode
        assert code is not None
        self.codes.append(code)
        self.process = None
        return code

    async def revive(self) -> None:
        """Whoever watches the process starts it again where it has ended."""
        if self.process is None or self.process.poll() is not None:
            if self.process is not None:
                await self.ended(within_s=PROMPT_S)
            await self.start()

    async def decides(self, intents: int, *, within_s: float = PROMPT_S) -> None:
        """Returns when so many more orders were decided and journaled."""
        before = count_intents(self.userdir)

        async def has_decided() -> bool:
            return count_intents(self.userdir) >= before + intents

        def words() -> str:
            return f"{count_intents(self.userdir) - before} of {intents} orders: {self.tail()}"

        await eventually(has_decided, words, within_s=within_s)
