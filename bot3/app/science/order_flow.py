"""Order flow on real order books: what explains a second's return, and what foretells the next.

Everything here is of recorded data and before costs; the cost ladder beside it says what is left.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from adapters.simulated.depth_file import UNITS, TickerRecord, TradeRecord, read_depth
from bot3.app.science.rows import Effort, Measured, MissingError, Row
from bot3.domain.book import Quote
from bot3.learning.labels import LabelSettings
from bot3.learning.online import LearnerSettings, OnlineLearner
from bot3.learning.zoo import ZooSettings
from bot3.market.flow import OrderFlow
from bot3.market.sample import book_sample

_SECOND_NS: Final = 1_000_000_000
# What the literature on one-second returns names first; chosen before any of these was measured.
_FEATURES: Final = ("queue_imbalance", "order_flow", "microprice_deviation_bps")
_TEN: Final = 10
_HIT_RATE_MIN: Final = 0.65
_IMBALANCE_MIN: Final = 0.74
_EXPLAINED_MIN: Final = (0.38, 0.45)  # in a second, in ten
_FEES_BPS: Final = (0.0, 10.0, 20.0)  # a round trip: none, spot with the best fees, spot


class Second(NamedTuple):
    """The end of one second of one market."""

    second: int
    mid: float
    queue_imbalance: float
    order_flow: float
    microprice_deviation_bps: float
    spread_bps: float


@frozen(eq=False)
class RecordedSeconds:
    """One recording; `next_moves`: was the queue's lean right about the next change of the mid."""

    name: str
    seconds: list[Second] = field(factory=list)
    next_moves: list[bool] = field(factory=list)


@cache
def read_seconds(path: Path) -> RecordedSeconds:
    """The touch, second by second; raises `DataError`."""
    recorded, flow = RecordedSeconds(path.name.split(".")[0]), OrderFlow()
    quote: Quote | None = None
    now: int | None = None
    for record in read_depth(path).records():
        second = record.ts_ns // _SECOND_NS
        while now is not None and second > now and quote is not None:
            sample = book_sample(quote, flow.take())
            flows = sample.order_flow, sample.microprice_deviation_bps, sample.spread_bps
            recorded.seconds.append(Second(now, quote.mid, sample.queue_imbalance, *flows))
            now += 1
        now = second
        if isinstance(record, TickerRecord) and not isinstance(record, TradeRecord):
            before, quote = quote, _quote(record)
            flow.on_quote(quote)
            if before is not None and before.mid != quote.mid:
                leans_up = before.bid_amount > before.ask_amount
                recorded.next_moves.append(leans_up == (quote.mid > before.mid))
    return recorded


def _quote(record: TickerRecord) -> Quote:
    (bid, bid_amount), (ask, ask_amount) = record.bid, record.ask
    return Quote(bid / UNITS, bid_amount / UNITS, ask / UNITS, ask_amount / UNITS)


def _recordings(effort: Effort) -> list[RecordedSeconds]:
    folder = effort.file("l2")
    found = [read_seconds(path) for path in sorted(folder.iterdir())]
    if not found:
        raise MissingError(f"no recording in {folder}")
    return found


def _explained(seconds: list[Second], span: int) -> float:
    """R² of the mid's log return by the order flow of the same `span` seconds."""
    mids = np.log([each.mid for each in seconds])
    flows = np.array([each.order_flow for each in seconds[1:]])
    usable = len(flows) // span * span
    returns = np.diff(mids)[:usable].reshape(-1, span).sum(axis=1)
    summed: NDArray[np.float64] = flows[:usable].reshape(-1, span).sum(axis=1)
    return float(np.corrcoef(summed, returns)[0, 1] ** 2)


def _same_second(effort: Effort) -> Measured:
    figures: dict[str, float] = {}
    worst = [1.0, 1.0, 1.0]
    for each in _recordings(effort):
        found = (
            _explained(each.seconds, 1),
            _explained(each.seconds, _TEN),
            float(np.mean(each.next_moves)),
        )
        for at, (what, value) in enumerate(
            zip(("R2 1 s", "R2 10 s", "next move"), found, strict=True)
        ):
            figures[f"{each.name} {what}"] = value
            worst[at] = min(worst[at], value)
    enough = (*_EXPLAINED_MIN, _IMBALANCE_MIN)
    return Measured(figures, all(w >= e for w, e in zip(worst, enough, strict=True)))


def forecast_seconds(seconds: list[Second]) -> NDArray[np.float64]:
    """(expected, lean, came) of each second's next log return; the lean is P(up) - 1/2."""
    settings = LearnerSettings(
        labels=LabelSettings(horizon_bars=1),
        ready_labels=0,
        zoo=ZooSettings(models=("bayesian",)),
    )
    learner = OnlineLearner(_FEATURES, settings)
    rows = []
    for now, later in pairwise(seconds):
        values = now.queue_imbalance, now.order_flow, now.microprice_deviation_bps
        said = learner.predict(values)
        learner.learn(now.second * _SECOND_NS, now.mid, values)
        came = math.log(later.mid / now.mid)
        rows.append((said.expected_return, said.probability_up - 0.5, came))
    return np.array(rows)


def _next_second(effort: Effort) -> Measured:
    figures: dict[str, float] = {}
    is_passed = True
    for each in _recordings(effort):
        said, lean, came = forecast_seconds(each.seconds).T
        moved = came != 0.0
        r_squared = 1.0 - float(((came - said) ** 2).sum() / ((came - came.mean()) ** 2).sum())
        hits = float(np.mean(np.sign(lean[moved]) == np.sign(came[moved])))
        naive = float(np.mean(np.sign(came[:-1][moved[1:]]) == np.sign(came[1:][moved[1:]])))
        figures[f"{each.name} R2"], figures[f"{each.name} hits"] = r_squared, hits
        figures[f"{each.name} no change"] = naive
        is_passed = is_passed and r_squared > 0.0 and hits >= _HIT_RATE_MIN
    return Measured(figures, is_passed)


def _cost_ladder(effort: Effort) -> Measured:
    """Long or short by the forecast's sign for a second, crossing half the spread each way."""
    figures: dict[str, float] = {}
    is_honest = True
    for each in _recordings(effort):
        _, lean, came = forecast_seconds(each.seconds).T
        spread = float(np.mean([second.spread_bps for second in each.seconds]))
        gross = 1e4 * float(np.mean(np.sign(lean) * came))
        for fees in _FEES_BPS:
            net = gross - (spread + fees if fees else 0.0)
            figures[f"{each.name} at {fees:g} bps"] = net
        is_honest = is_honest and figures[f"{each.name} at {_FEES_BPS[1]:g} bps"] < 0.0 < gross
    return Measured(figures, is_honest, "bps a trade; real, reproducible, untradeable")


ROWS: Final = (
    Row(
        "order flow",
        "R2 of a return by its own order flow; the queue's lean about the next move",
        "replayed",
        "R2 at least .38 in 1 s and .45 in 10 s, next move at least .74, every recording",
        _same_second,
    ),
    Row(
        "order flow",
        "the next second's return, forecast online",
        "replayed",
        "R2 above 0 and hit rate at least .65, every recording",
        _next_second,
    ),
    Row(
        "order flow",
        "what that earns a trade before and after the costs of a round trip",
        "replayed",
        "above 0 before costs, below 0 after the smallest",
        _cost_ladder,
    ),
)
