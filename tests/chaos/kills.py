"""kill -9 again and again while the bot trades on all three exchanges: `make kills KILLS=200`.

The exchanges live here, in the judge's process, so what they say of an order is the matching
engine's own record; the bot is a process on loopback sockets that knows nothing of that.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import httpx
import trio
from attrs import define, field, frozen

from adapters.net.network import SocketNetwork
from adapters.simulated.embedded import EmbeddedExchange
from adapters.simulated.fronts import FRONTS
from bot3.app.config import load_config
from bot3.app.embedded import make_exchange
from bot3.app.venue_words import ServedVenue, VenueKey, write_config
from bot3.app.venues import DEMO, EmbeddedVenue
from bot3.services.control_file import read_control_file
from supervisors.clock import SystemClock
from supervisors.entropy import Entropy
from tests.bot3.app.processes import environment
from tests.chaos.books import ZERO, OrderBooked
from tests.chaos.journal import count_intents, our_books

READY_DEADLINE_S = 90.0
READY_PROMISED_S = 3.0
# A start costs some 280 of Binance's 6,000 weight a minute. Faster than this, data is shed for the
# sake of orders, and a start waits for the next minute: right, and not what is measured here.
LIFE_AT_LEAST_S = 8.0
AGREEMENT_S = 90.0
LOOK_S = 0.02
SIGNALS = "signals are not ready"
# Orders flow all the time: technical analysis alone, bars of a second, a narrow band.
ACTIVE: Mapping[str, str] = {
    "BOT3__SYSTEM__RISK_TOLERANCE": "aggressive",
    "BOT3__TA_ML_SPLIT__TA_WEIGHT": "1.0",
    "BOT3__TA_ML_SPLIT__ML_WEIGHT": "0.0",
    "BOT3__TA_ML_SPLIT__ADAPTIVE": "false",
    "BOT3__LEARNING__ONLINE_LEARNING": "false",
    "BOT3__RISK__MAX_POSITION_SIZE": "0.05",
    "BOT3__RISK__MAX_TOTAL_EXPOSURE": "0.5",
    "BOT3__RISK__MAX_DRAWDOWN": "0.9",
    "BOT3__RISK__MAX_DAILY_LOSS": "0.9",
    "BOT3__RISK__MAX_ORDERS_PER_MINUTE": "600",
    "BOT3__EXECUTION__MAKER_PATIENCE_S": "1.0",
    "BOT3__EXECUTION__REBALANCE_BAND": "0.02",
    "BOT3__EXECUTION__ORDER_LIFETIME_S": "1.0",
    "BOT3__MARKET__WARM_UP_BARS": "120",
}


@define
class Victim:
    """The bot's process on one state directory."""

    directory: Path
    config: Path
    process: trio.Process | None = None
    ready_s: list[float] = field(factory=list)
    why_not: str = ""

    @property
    def userdir(self) -> Path:
        return self.directory / "state"

    async def start(self) -> None:
        with (self.directory / "bot.log").open("ab") as log:
            self.process = await trio.lowlevel.open_process(
                [sys.executable, "-m", "bot3", "trade", "--json", *self._options()],
                env=environment(**ACTIVE),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def _options(self) -> tuple[str, ...]:
        return "-c", str(self.config), "--userdir", str(self.userdir)

    async def is_ready(self, client: httpx.AsyncClient) -> None:
        """Returns when it says so of itself; the seconds since its start are noted.

        Every account is reconciled then, every book fresh, the equity known. Signals are another
        matter: Bybit has no bars of a second, so those of its instruments take a minute.
        """
        began_s = time.monotonic()
        assert self.process is not None
        while True:
            is_late = time.monotonic() > began_s + READY_DEADLINE_S
            assert not is_late, f"it does not become ready: {self._words()}"
            assert self.process.poll() is None, self._words()
            control = read_control_file(self.userdir)
            if control is not None and control.process == self.process.pid:
                try:
                    answer = await client.get(f"{control.url}readyz")
                except httpx.TransportError:
                    pass
                else:
                    if not set(answer.json()["reasons"]) - {SIGNALS}:
                        self.ready_s.append(time.monotonic() - began_s)
                        return
                    self.why_not = ", ".join(answer.json()["reasons"])
            await trio.sleep(LOOK_S)

    async def budgets(self, client: httpx.AsyncClient) -> str:
        """What is left of each venue's rate budget, and what was shed to keep it."""
        control = read_control_file(self.userdir)
        assert control is not None
        found = (await client.get(f"{control.url}status.json")).json()
        left = {name: venue["health"]["budget_left"] for name, venue in found["venues"].items()}
        return f"{left} {found['healing']}"

    def _words(self) -> str:
        return (self.directory / "bot.log").read_text()[-3000:]

    async def trades(self) -> None:
        """Returns when it has decided another order."""
        before = count_intents(self.userdir)
        give_up_s = time.monotonic() + READY_DEADLINE_S
        while count_intents(self.userdir) == before:
            assert time.monotonic() < give_up_s, "it does not trade"
            await trio.sleep(LOOK_S)

    async def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return await self.process.wait()


@frozen
class Verdict:
    """What is wrong with the books of both sides, by kind; nothing where all is well."""

    doubled: tuple[str, ...]
    unowned: tuple[str, ...]
    lost: tuple[str, ...]
    money: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        return not (self.doubled or self.unowned or self.lost or self.money)


def judge(userdir: Path, exchanges: Mapping[str, EmbeddedExchange]) -> Verdict:
    """Every order and fill of every exchange against the journal, by their ids."""
    ours = our_books(userdir)
    at_venues: Counter[str] = Counter()
    executed: dict[str, Decimal] = {}
    fills: set[tuple[str, str]] = set()
    for exchange in exchanges.values():
        names: dict[int, str] = {}
        files, account = exchange.exchange.files, exchange.account_id
        for symbol in exchange.exchange.markets:
            for order in files.all_of(account, symbol):
                key = order.request.client_order_id
                at_venues[key] += 1
                names[order.order_id] = key
                executed[key] = order.executed
            trades = files.trades_of(account, symbol)
            fills |= {(names[trade.order_id], str(trade.trade_id)) for trade in trades}
    own_fills = {(str(fill.client_order_id), fill.trade_id) for fill in ours.fills}
    return Verdict(
        doubled=tuple(key for key, count in at_venues.items() if count > 1),
        unowned=tuple(key for key in at_venues if key not in ours.orders),
        lost=tuple(_lost(ours.orders, executed)),
        money=tuple(str(each) for each in sorted(fills ^ own_fills)),
    )


def _lost(orders: Mapping[str, OrderBooked], executed: Mapping[str, Decimal]) -> Iterator[str]:
    for key, order in orders.items():
        if key not in executed and order.fate != "rejected":
            yield f"{key}: {order.fate} here, never there"
        elif executed.get(key, ZERO) != order.filled:
            yield f"{key}: filled {order.filled} here, {executed.get(key)} there"
        elif order.fate == "unknown":
            yield f"{key}: nobody knows"


async def _agreement(victim: Victim, exchanges: Mapping[str, EmbeddedExchange]) -> Verdict:
    give_up_s = time.monotonic() + AGREEMENT_S
    while True:
        verdict = judge(victim.userdir, exchanges)
        if verdict.is_good or time.monotonic() > give_up_s:
            return verdict
        await trio.sleep(1.0)


async def _run(kills: int, seed: int, directory: Path) -> int:
    dice, entropy = random.Random(seed), Entropy(seed)
    network, clock = SocketNetwork(), SystemClock()
    config = load_config(None, {}).config
    exchanges: dict[str, EmbeddedExchange] = {}
    async with trio.open_nursery() as nursery, httpx.AsyncClient(trust_env=False) as client:
        served = []
        for protocol in FRONTS:
            leader = next(iter(exchanges.values())).exchange if exchanges else None
            exchange = exchanges[protocol] = make_exchange(
                config,
                clock,
                entropy,
                DEMO[:2],
                protocol=protocol,
                passphrase=DEMO[2],
                leader=leader,
            )
            listener = await network.listen("127.0.0.1", 0)
            host, port = listener.socket.getsockname()[:2]
            nursery.start_soon(_serve, exchange, listener)
            served.append(ServedVenue(EmbeddedVenue(host, port, *DEMO[:2], protocol), "simulated"))
        write_config(directory / "there.toml", served, VenueKey(*DEMO[:2]))
        victim = Victim(directory, directory / "there.toml")
        await _kill_again_and_again(victim, client, dice, kills)
        verdict = await _agreement(victim, exchanges)
        code = await victim.end(signal.SIGTERM)
        rest = [
            key
            for each in exchanges.values()
            for key in each.exchange.files.open_of(each.account_id)
        ]
        nursery.cancel_scope.cancel()
    return _tell(victim, verdict, kills, code, rest)


async def _serve(exchange: EmbeddedExchange, listener: trio.SocketListener) -> None:
    async with listener:
        await exchange.run(listener, ready=lambda: None)


async def _kill_again_and_again(
    victim: Victim, client: httpx.AsyncClient, dice: random.Random, kills: int
) -> None:
    for number in range(kills + 1):
        next_start_s = trio.current_time() + LIFE_AT_LEAST_S
        await victim.start()
        await victim.is_ready(client)
        if victim.ready_s[-1] > READY_PROMISED_S:
            print(f"life {number}: ready after {victim.ready_s[-1]:.2f} s: {victim.why_not}")
            print(f"  {await victim.budgets(client)}", flush=True)
        await victim.trades()
        if number < kills:
            await trio.sleep(dice.uniform(0.0, 1.0))
            await victim.end(signal.SIGKILL)
            await trio.sleep_until(next_start_s)
            if number % 20 == 19:
                print(f"{number + 1} kills, {count_intents(victim.userdir)} orders", flush=True)


def _tell(victim: Victim, verdict: Verdict, kills: int, code: int, rest: Sequence[object]) -> int:
    ours, again_s = our_books(victim.userdir), sorted(victim.ready_s[1:])
    told = {
        "kills": kills,
        "orders": len(ours.orders),
        "fills": len(ours.fills),
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "unowned": len(verdict.unowned),
        "fills_that_differ": len(verdict.money),
        "resting_after_the_stop": len(rest),
        "exit_code": code,
        "ready_s": {
            "p50": round(statistics.median(again_s), 2),
            "p99": round(again_s[int(len(again_s) * 0.99)], 2),
            "max": round(again_s[-1], 2),
        },
    }
    for problem in (*verdict.doubled, *verdict.unowned, *verdict.lost, *verdict.money):
        print(problem)
    print(json.dumps(told))
    return int(not verdict.is_good or bool(rest) or code != 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.chaos.kills")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = Entropy().seed % 1_000_000 if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        return trio.run(_run, given.kills, seed, Path(directory))


if __name__ == "__main__":
    sys.exit(main())
