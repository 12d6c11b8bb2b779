"""The live decision actors over books and trades: late orders, queues, nothing known early."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import evolve

from adapters.paper.account import PaperAccount
from adapters.paper.venue import PaperSettings, PaperVenue
from adapters.simulated.raw_bars import raw_chunks
from bot3.app.backtest.core_events import EventsRun, run_events
from bot3.app.backtest.driven import CoreSettings, instrument_of
from bot3.app.backtest.late_entry import LateEntry
from bot3.app.backtest.recordings import Recording, recorded_book, recorded_trades
from bot3.backtest.source import ENDLESS_NS, Asked, source_of
from bot3.domain.approval import grant
from bot3.domain.fill import Fill, Liquidity
from bot3.domain.values import Side
from bot3.messages.market import BookReplaced, TradePrinted
from bot3.messages.orders import CancelFailed, CancelOrder, OrderCanceled, OrderFilled, SubmitOrder
from supervisors.clock import ManualClock
from tests.bot3.app.test_backtest import called, told
from tests.bot3.app.test_core_run import BOLD, equity_of
from tests.bot3.making import KEY, USDT, d, make_intent

SECOND_NS = 1_000_000_000
START_NS = 1_700_000_000 * SECOND_NS
LARGE = {
    **BOLD,
    "BOT3__RISK__MAX_POSITION_SIZE": "0.5",
    "BOT3__RISK__MAX_TOTAL_EXPOSURE": "1.0",
    "BOT3__RISK__MAX_ASSET_EXPOSURE": "1.0",
}
SETTINGS = CoreSettings(10_000.0, 0.0005, 0.0, LARGE)


def path_of(seed: int, seconds: int) -> np.ndarray:
    """Prices in ticks of .1, a value a second."""
    rng = np.random.default_rng(seed)
    return np.round(100_000 + np.cumsum(rng.normal(0, 60, seconds))).astype(int)


def book_file(folder: Path, seed: int, seconds: int = 220) -> Path:
    """A whole book a second, and between them a trade on either side of it."""
    lines = []
    for second, mid in enumerate(path_of(seed, seconds).tolist(), 1):
        now_ns = START_NS + second * SECOND_NS
        bids = [[f"{(mid - step) / 10}", "0.5"] for step in range(1, 20)]
        asks = [[f"{(mid + step) / 10}", "0.5"] for step in range(1, 20)]
        frame = {"lastUpdateId": second, "bids": bids, "asks": asks}
        lines.append(f"{now_ns} {json.dumps(frame)}")
        for at, step in enumerate((-1, 1)):
            trade = {"e": "trade", "s": "BTCUSDT", "p": f"{(mid + step) / 10}", "q": "0.4",
                     "m": step < 0}  # fmt: skip
            lines.append(f"{now_ns + (at + 1) * SECOND_NS // 3} {json.dumps(trade)}")
    path = folder / f"BTCUSDT-{seed}.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


def trades_file(folder: Path, seed: int, seconds: int = 220) -> Path:
    prices = np.repeat(path_of(seed, seconds) / 10, 2)
    times = START_NS // 1_000_000 + 1_000 + 500 * np.arange(len(prices))
    path = folder / f"ETH_USDT-{seed}.csv"
    pd.DataFrame({"timestamp": times, "price": prices, "amount": 1.0}).to_csv(path, index=False)
    return path


def trades_of(path: Path) -> Recording:
    asked = Asked(held_rows=0)
    return recorded_trades(path, source_of(partial(raw_chunks, path, 37), asked), asked)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def book(folder: Path) -> EventsRun:
    return run_events([recorded_book(book_file(folder, 3), "", "")], SETTINGS)


def accounted(fills: tuple[Fill, ...], bids: dict[str, float]) -> float:
    """Equity by the fills alone."""
    equity = 10_000.0
    for fill in fills:
        bid, sign = bids[fill.instrument.symbol], fill.side.sign
        equity += sign * float(fill.amount.amount) * (bid - float(fill.price.amount))
        equity -= float(fill.fee) * (1.0 if fill.fee_asset == "USDT" else bid)
    return equity


def test_it_trades_a_book_and_its_sums_are_those_of_its_fills(book: EventsRun) -> None:
    run = book.run
    assert len(run.fills) > 3
    assert run.curve.final == pytest.approx(
        accounted(run.fills, {"BTC/USDT": float(book.prices[0].last[-1])})
    )
    assert run.events == 660
    makers = [fill for fill in run.fills if fill.liquidity is Liquidity.MAKER]
    assert 0 < run.rested_filled <= run.rested
    assert len({fill.client_order_id for fill in makers}) == run.rested_filled


def test_late_orders_are_filled_late(book: EventsRun, folder: Path) -> None:
    late = run_events(
        [recorded_book(book_file(folder, 3), "", "")], evolve(SETTINGS, latency_s=0.7)
    ).run
    assert late.fills[0].ts_venue_ns >= book.run.fills[0].ts_venue_ns + 0.3 * SECOND_NS
    assert equity_of(late) != equity_of(book.run)


def test_nothing_is_known_before_its_time(book: EventsRun, folder: Path) -> None:
    whole = book.run
    until_ns = whole.fills[2].ts_venue_ns + SECOND_NS
    lines = book_file(folder, 3).read_text().splitlines()
    kept = [line for line in lines if int(line.split()[0]) < until_ns]
    (folder / "BTCUSDT-cut.jsonl").write_text("\n".join(kept) + "\n")
    cut = run_events([recorded_book(folder / "BTCUSDT-cut.jsonl", "", "")], SETTINGS).run
    known = len(equity_of(cut)) - 1
    assert equity_of(cut)[:known] == equity_of(whole)[:known]
    assert cut.fills[:3] == whole.fills[:3]


def test_books_and_trades_of_several_venues_come_by_time(folder: Path) -> None:
    """Of one time in the order of their files, each with its venue's share of the cash."""
    first = recorded_book(book_file(folder, 4, 40), "binance", "BTC/USDT")
    other = recorded_book(book_file(folder, 5, 40), "okx", "BTC/USDT")
    trades = trades_of(trades_file(folder, 7, 40))
    found = run_events([first, other, trades], SETTINGS)
    assert found.run.events == 2 * 120 + 160
    assert equity_of(found.run)[0] == 10_000.0
    bids = [path_of(seed, 40)[-1] / 10 for seed in (4, 5)]
    assert [prices.last[-1] for prices in found.prices[:2]] == pytest.approx(bids, abs=0.11)


def test_of_trades_the_touch_is_around_the_last_one(folder: Path) -> None:
    events = list(trades_of(trades_file(folder, 7, 40)).events(0.001))
    assert len(events) == 160
    trade, touch = events[4], events[5]
    assert isinstance(trade, TradePrinted)
    assert isinstance(touch, BookReplaced)
    assert trade.ts_local_ns == touch.ts_local_ns
    assert touch.bids[0][0] == pytest.approx(trade.price * 0.999)
    assert touch.asks[0][0] == pytest.approx(trade.price * 1.001)


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"BOT3__PROTECTIONS__MIN_PAIR_VOLUME": "9e5"}, None),
        ({"BOT3__PROTECTIONS__MIN_PAIR_VOLUME": "1e6"}, "pair_volume"),
        ({"BOT3__PROTECTIONS__MIN_PAIR_AGE_DAYS": "1"}, "pair_age"),
    ],
)
def test_rules_on_pairs_go_by_the_trades(
    book: EventsRun, folder: Path, rule: dict[str, str], reason: str | None
) -> None:
    """They were told nothing, and nothing was traded. 8,000 change hands a second, a million are
    there after the first decisions.
    """
    given = evolve(SETTINGS, environ={**LARGE, **rule})
    run = run_events([recorded_book(book_file(folder, 3), "", "")], given).run
    assert set(run.denials) == ({reason} if reason else set())
    assert run.fills == (() if reason else book.run.fills)


def test_what_the_data_cannot_tell_a_rule_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT3__PROTECTIONS__MIN_PAIR_VOLUME", "1")
    lines = book_file(folder, 3, 20).read_text().splitlines()
    silent = folder / "BTCUSDT-silent.jsonl"
    silent.write_text("\n".join(line for line in lines if '"trade"' not in line) + "\n")
    refused = called("--data", silent, "--strategy", "hybrid")
    assert refused.exit_code == 4
    assert "no trade is in it, which protections.min_pair_volume goes by" in refused.output
    monkeypatch.setenv("BOT3__PROTECTIONS__MAX_PAIR_SPREAD_BPS", "5")
    prices = trades_file(folder, 7, 20)
    unknown = called("--data", prices, "--strategy", "hybrid")
    assert "bars and trades do not tell the spread; say it with --slippage-bps" in unknown.output
    wide = told("--data", prices, "--strategy", "hybrid", "--slippage-bps", "1")
    assert "rules on pairs: volume and age are of what was recorded up to then" in wide["warnings"]


DOWN = [TradePrinted(KEY, n, 99.0, 0.4, Side.SELL, 0, 0) for n in range(3)]


def test_an_order_on_its_way_takes_nothing_and_then_queues() -> None:
    """Half a coin rests before it: the second trade of .4 reaches it, for .3 of its 1."""
    clock, heard = ManualClock(START_NS), list[Any]()
    account = PaperAccount(KEY.venue, None, {USDT: d("1000")}, START_NS)
    venue = PaperVenue(account, clock, PaperSettings())
    venue.list_instruments([instrument_of(KEY, 0.0, d("0.1"), d("0.1"))])
    venue.attend(heard.append)
    entry = LateEntry(venue, clock, 50_000_000)
    venue.hear(BookReplaced(KEY, [(99.0, 0.5)], [(100.0, 5.0)], 1, START_NS, START_NS))
    intent = make_intent(amount="1", price="99", deadline_ns=ENDLESS_NS)
    entry.send(SubmitOrder(grant(intent), 0))
    assert entry.next_ns == START_NS + 50_000_000
    venue.hear(DOWN[0])
    assert heard == []
    venue.hear(BookReplaced(KEY, [(99.0, 0.5)], [(100.0, 5.0)], 2, START_NS, START_NS))
    clock.move_to(START_NS + 50_000_000)
    entry.arrive(heard.append)
    assert len(entry.rested) == 1
    assert [each for each in heard if isinstance(each, OrderFilled)] == []
    venue.hear(DOWN[1])
    venue.hear(DOWN[2])
    (filled,) = [each for each in heard if isinstance(each, OrderFilled)]
    assert (filled.fill.amount.amount, filled.fill.liquidity) == (d("0.3"), Liquidity.MAKER)
    entry.send(CancelOrder(KEY, filled.fill.client_order_id, "enough"))
    clock.move_to(START_NS + 100_000_000)
    entry.arrive(heard.append)
    entry.send(CancelOrder(KEY, filled.fill.client_order_id, "again"))
    entry.arrive(heard.append)
    kinds = [type(each) for each in heard]
    assert kinds.count(OrderCanceled) == kinds.count(CancelFailed) == 1


def test_the_command_takes_them(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in LARGE.items():
        monkeypatch.setenv(name, value)
    files = (book_file(folder, 3, 40), f"okx:ETH/USDT={trades_file(folder, 7, 40)}")
    given = ("--strategy", "hybrid", "--latency-ms", "50", "--fee", "0", "--export", tmp_path)
    body = told("--data", *files, *given)
    assert (body["symbols"], body["ticks"], body["strategy"]) == (
        ["binance:BTC/USDT", "okx:ETH/USDT"], 280, "hybrid",
    )  # fmt: skip
    assert body["fill_rate"] is None or 0.0 <= body["fill_rate"] <= 1.0
    assert (tmp_path / "report.html").exists()
    mixed = called("--data", files[0], files[1], *given, "--slippage-bps", "1")
    assert "a book has its own depth" in mixed.output
