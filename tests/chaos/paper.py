"""A day of paper trading, watched from outside: `make paper-24h` (`PAPER="--hours 0.1 --served"`).

The bot is a process with `config/paper.toml` on the venues' public streams, or, with `--served`, on
those of `bot3 venue` on this machine. It is asked once in a while how it is; at the end its journal
has to add up. Exit 1 where it ended badly, its books differ, or it was seldom ready.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import trio
from attrs import define, field

from bot3.services.control_file import read_control_file
from tests.bot3.app.processes import ROOT, bot3, environment

TAPED_HOURS_MAX = 0.5  # all that is told lies in memory
LOOK_INTERVAL_S = 30.0
START_S = 120.0  # warm-up of a venue without history included
STOP_S = 60.0
READY_SHARE = 0.95
PAGE_KIB = 4


@define
class Watched:
    """What was seen of the process."""

    looks: int = 0
    ready: int = 0
    reasons: Counter[str] = field(factory=Counter)
    resident_mib: list[float] = field(factory=list)
    last: dict[str, Any] = field(factory=dict)

    def look(self, status: dict[str, Any], resident_mib: float) -> None:
        """One more sample."""
        self.looks += 1
        self.ready += bool(status["is_ready"])
        self.reasons.update(status["reasons"])
        self.resident_mib.append(resident_mib)
        self.last = status


@asynccontextmanager
async def venue_streams(directory: Path, *, is_served: bool) -> AsyncIterator[Mapping[str, str]]:
    """The environment that leads to the streams."""
    if not is_served:
        yield {}
        return
    process = await trio.lowlevel.open_process(
        [sys.executable, "-m", "bot3", "venue", "--json", "--seed", "28"],
        cwd=directory,
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        said = b""
        with trio.fail_after(START_S):
            while not said.endswith(b"\n"):
                said += await process.stdout.receive_some()
        venues = json.loads(said)["venues"]
        yield {
            f"BOT3__VENUES__{name.upper()}__{key.upper()}": url
            for name, urls in venues.items()
            for key, url in urls.items()
        } | {"BOT3__EXCHANGES__ACTIVE": json.dumps(list(venues))}
    finally:
        process.terminate()
        with trio.CancelScope(shield=True):
            await process.wait()


async def watch(directory: Path, hours: float, environ: Mapping[str, str]) -> tuple[int, Watched]:
    """Runs it to its end; its exit code, and what was seen."""
    seen, state = Watched(), directory / "state"
    command = [sys.executable, "-m", "bot3", "trade", "-c", str(ROOT / "config" / "paper.toml")]
    command += ["--userdir", str(state), "--duration", repr(hours * 3600), "--json"]
    if hours <= TAPED_HOURS_MAX:
        command.append("--check-replay")
    with (directory / "bot.log").open("ab") as log:
        process = await trio.lowlevel.open_process(
            command, cwd=directory, env=environment(**environ), stdout=log, stderr=log
        )
    async with httpx.AsyncClient(timeout=10.0) as client, trio.open_nursery() as nursery:
        nursery.start_soon(_look_again_and_again, client, state, process.pid, seen)
        with trio.move_on_after(hours * 3600 + START_S + STOP_S) as patience:
            await process.wait()
        if patience.cancelled_caught:
            process.send_signal(signal.SIGKILL)
        nursery.cancel_scope.cancel()
    return await process.wait(), seen


async def _look_again_and_again(
    client: httpx.AsyncClient, state: Path, process: int, seen: Watched
) -> None:
    await trio.sleep(LOOK_INTERVAL_S)
    while True:
        control = read_control_file(state)
        if control is not None:
            try:
                answer = await client.get(f"{control.url}status.json")
            except httpx.TransportError:
                pass  # ending, or too busy: the look is missing in the counts
            else:
                seen.look(answer.json(), _resident_mib(process))
        await trio.sleep(LOOK_INTERVAL_S)


def _resident_mib(process: int) -> float:
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except OSError:
        return 0.0
    return int(pages) * PAGE_KIB / 1024


def verdict(code: int, seen: Watched, report: dict[str, Any]) -> dict[str, Any]:
    """The figures, and what is wrong with them."""
    bought: dict[str, Decimal] = {}
    for fill in report["fills"]:
        sign = 1 if fill["side"] == "buy" else -1
        key = f"{fill['venue']} {fill['symbol']}"
        base = fill["symbol"].partition("/")[0]
        fee = Decimal(fill["fee"]) if fill["fee_asset"] == base else Decimal(0)
        bought[key] = bought.get(key, Decimal(0)) + sign * Decimal(fill["amount"]) - fee
    held = {f"{row['venue']} {row['symbol']}": row["amount"] for row in report["positions"]}
    differ = [key for key in bought if bought[key] != Decimal(held.get(key, 0))]
    share = seen.ready / seen.looks if seen.looks else 0.0
    wrong = [
        words
        for words, is_wrong in (
            (f"exit code {code}", code != 0),
            (f"books differ: {report['mismatches']}", bool(report["mismatches"])),
            (f"positions are not the sum of the fills: {differ}", bool(differ)),
            (f"ready in {share:.0%} of {seen.looks} looks: {seen.reasons}", share < READY_SHARE),
        )
        if is_wrong
    ]
    return {
        "wrong": wrong,
        "exit_code": code,
        "uptime_s": seen.last.get("uptime_s"),
        "ready_share": round(share, 4),
        "not_ready": dict(seen.reasons),
        "events": seen.last.get("events"),
        "restarts": seen.last.get("restarts"),
        "healing": seen.last.get("healing"),
        "orders": dict(Counter(order["status"] for order in report["orders"])),
        "fills": len(report["fills"]),
        "equity": report["equity"],
        "realized": report["profit"]["realized"],
        "resident_mib": [round(each) for each in seen.resident_mib[:: max(1, seen.looks // 8)]],
    }


def _exact(said: str) -> dict[str, Any]:
    """The report; its amounts are exact where nobody makes floats of them."""
    found: dict[str, Any] = json.loads(said.splitlines()[-1], parse_float=Decimal)
    return found


async def day(hours: float, *, is_served: bool) -> dict[str, Any]:
    """All of it."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with venue_streams(directory, is_served=is_served) as environ:
            code, seen = await watch(directory, hours, environ)
        state = str(directory / "state")
        said = bot3("report", "--json", "--userdir", state, cwd=directory)
        if said.returncode != 0:
            print((directory / "bot.log").read_text()[-3000:], said.stderr, sep="\n")
            return {"wrong": ["no report"], "exit_code": code}
        return verdict(code, seen, _exact(said.stdout))


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--served", action="store_true", help="On `bot3 venue`, not the internet.")
    options = parser.parse_args()
    found = trio.run(lambda: day(options.hours, is_served=options.served))
    print(json.dumps(found, default=float))
    sys.exit(1 if found["wrong"] else 0)


if __name__ == "__main__":
    main()
