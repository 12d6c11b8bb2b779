"""The fill model on a recorded market, beside what hftbacktest makes of the same minutes.

A BTC perpetual's feed of six minutes: join the best bid for two seconds, again and again.
hftbacktest's queue models fill 66 to 75 of 138, and two seconds later the mid is 0.95 bps below.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from statistics import fmean
from typing import Any

import msgspec
import pytest

from adapters.simulated.recorded_bytes import lines_of
from bot3.domain.book import Book, Level
from bot3.domain.ids import ClientOrderId
from bot3.domain.values import Side, decimal_of
from bot3.execution.fill_model import Execution, FillModel, FillSettings
from tests.bot3.app.processes import SHARED

FILE = SHARED / "data/l2/binance-usdm-btcusdt_20240808.zst"
OURS = ClientOrderId("ours")
LOT = Decimal("0.001")
PATIENCE_NS = 2_000_000_000
FILL_RATES = (66 / 138 - 0.05, 75 / 138 + 0.05)
ADVERSE_BPS = (-0.95 * 1.15, -0.95 * 0.85)


def events() -> Iterator[tuple[int, dict[str, Any]]]:
    """(local time in ns, frame), from the snapshot on."""
    has_book, last = False, 0
    for _, line in lines_of(FILE):
        stamp, _, text = line.partition(b" ")
        frame = msgspec.json.decode(text)
        frame = frame.get("data", frame)
        if "lastUpdateId" in frame:
            has_book, last = True, frame["lastUpdateId"]
            yield int(stamp), frame
        elif has_book and (frame["e"] == "trade" or frame.get("u", 0) > last):
            yield int(stamp), frame


def levels(rows: list[list[str]]) -> list[Level]:
    return [(float(price), float(amount)) for price, amount in rows]


def taken_in(model: FillModel, book: Book, frame: dict[str, Any]) -> list[Execution]:
    if "lastUpdateId" in frame:
        book.replace(levels(frame["bids"]), levels(frame["asks"]))
        return model.replace(levels(frame["bids"]), levels(frame["asks"]))
    if frame["e"] == "depthUpdate":
        book.change(levels(frame["b"]), levels(frame["a"]))
        return model.change(levels(frame["b"]), levels(frame["a"]))
    if frame["e"] == "trade" and float(frame["p"]) > 0:
        aggressor = Side.SELL if frame["m"] else Side.BUY
        return model.trade(float(frame["p"]), float(frame["q"]), aggressor)
    return []


@pytest.mark.skipif(not FILE.exists(), reason="needs the recorded data beside this checkout")
@pytest.mark.parametrize("power", [None, 1.0, 3.0])
def test_fill_rate_and_adverse_move_are_those_of_hftbacktest(power: float | None) -> None:
    model, book = FillModel(FillSettings(queue_power=power), LOT), Book()
    orders, next_ns = 0, 0
    moves: list[float] = []
    filled: deque[tuple[int, float]] = deque()
    for ts_ns, frame in events():
        executions = taken_in(model, book, frame)
        filled += [(ts_ns + PATIENCE_NS, float(each.price)) for each in executions]
        quote = book.quote()
        assert quote is not None
        while filled and filled[0][0] <= ts_ns:
            _, price = filled.popleft()
            moves.append((quote.mid / price - 1) * 1e4)
        if ts_ns >= next_ns and not quote.is_crossed:
            next_ns, orders = ts_ns + PATIENCE_NS, orders + 1
            model.remove(OURS)
            model.rest(OURS, Side.BUY, decimal_of(quote.bid), LOT)
    assert FILL_RATES[0] <= len(moves) / orders <= FILL_RATES[1]
    assert ADVERSE_BPS[0] <= fmean(moves) <= ADVERSE_BPS[1]
    print(f"queue power {power}: {len(moves)} of {orders} filled, {fmean(moves):.2f} bps after")
