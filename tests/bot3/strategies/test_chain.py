"""The whole way of an opinion: trades -> market view -> regime -> TA and ML -> hybrid."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from bot3.domain.values import InstrumentId, Side, Symbol, VenueName
from bot3.learning.labels import LabelSettings
from bot3.learning.models import ModelSettings
from bot3.learning.online import LearnerSettings, OnlineLearner
from bot3.learning.performance import net_return
from bot3.learning.zoo import ZooSettings
from bot3.market.bars import SECOND_NS, BarSettings
from bot3.market.features import FEATURE_INDEX, FEATURE_NAMES, WARM_UP_BARS
from bot3.market.view import MarketView
from bot3.messages.market import BookReplaced, TradePrinted
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel
from bot3.regime.detector import RegimeDetector
from bot3.strategies.hybrid import HybridSettings, HybridStrategy
from bot3.strategies.ml import MLSettings, MLStrategy
from bot3.strategies.ta import TAStrategy

BTC = InstrumentId(VenueName("binance"), Symbol("BTC/USDT"))
START_NS = 1_700_000_040 * SECOND_NS
COST_BPS = 1.0
ML_SETTINGS = MLSettings(cost_bps=COST_BPS)
SETTINGS = HybridSettings(cost_bps=COST_BPS)


class _Decided(NamedTuple):
    target: float
    net: float
    ml_weight: float
    label: RegimeLabel


def _returns(seed: int, count: int, momentum: float) -> list[float]:
    """10 bps a bar; `momentum` is the part of a return that the next bar repeats."""
    dice, before, out = np.random.default_rng(seed), 0.0, []
    for shock in dice.normal(0.0, 1e-3, count).tolist():
        before = momentum * before + shock
        out.append(before)
    return out


def _run(seed: int, momentum: float, count: int = 2_500) -> list[_Decided]:
    view, detector = MarketView(BTC, BarSettings(interval_s=60)), RegimeDetector()
    learner = OnlineLearner(
        FEATURE_NAMES,
        LearnerSettings(
            labels=LabelSettings(horizon_bars=1),
            zoo=ZooSettings(model=ModelSettings(learning_rate=0.01)),
        ),
    )
    ta, ml = TAStrategy(), MLStrategy(learner, ML_SETTINGS)
    hybrid = HybridStrategy(ta.name, ml.name, SETTINGS)
    price, ts_ns, decided, last, before = 60_000.0, START_NS, [], 0.0, 0.0
    view.apply(BookReplaced(BTC, [(1.0, 2.0)], [(1e6, 1.0)], 1, ts_ns, ts_ns))
    for at, change in enumerate(_returns(seed, count, momentum)):
        price *= math.exp(change)
        ts_ns = START_NS + at * 60 * SECOND_NS
        side = Side.BUY if change > 0 else Side.SELL
        for out in view.apply(TradePrinted(BTC, at, price, 0.5, side, ts_ns, ts_ns)):
            if not isinstance(out, FeaturesComputed):
                continue
            net = net_return(out.log_return, last, before, COST_BPS)
            estimate = detector.update(out.log_return, out.values[FEATURE_INDEX["adx_14"]])
            regime = RegimeEstimated(BTC, ts_ns, estimate.probabilities, estimate.label, out)
            opinions = {member.name: member.decide(out, regime) for member in (ta, ml)}
            opinion = hybrid.blend(out, regime, opinions)
            learner.learn(out.ts_ns, out.close, out.values)
            before, last = last, opinion.target
            weight = hybrid.weights["ml"]
            decided.append(_Decided(last, net, weight, estimate.label))
    return decided


def test_a_planted_edge_is_harvested_after_costs() -> None:
    decided = _run(1, 0.5)
    assert len(decided) == 2_500 - WARM_UP_BARS - 1  # the last bar is still open
    late = decided[1_000:]
    nets = np.array([d.net for d in late])
    assert nets.mean() > 3.0 * nets.std() / math.sqrt(len(nets))
    assert late[-1].ml_weight > 0.8  # mean reversion loses here


@pytest.mark.parametrize("seed", [2, 3])
def test_without_an_edge_the_machine_stays_out_and_costs_bound_the_loss(seed: int) -> None:
    late = _run(seed, 0.0)[1_000:]
    turnover = sum(abs(a.target - b.target) for a, b in pairwise(late))
    nets = np.array([d.net for d in late])
    noise = 2.0 * nets.std() * math.sqrt(len(nets))
    assert nets.sum() == pytest.approx(-COST_BPS * 1e-4 * turnover, abs=noise)
    assert np.mean([abs(d.target) for d in late]) < 0.3


def test_the_same_market_gives_the_same_decisions() -> None:
    assert _run(4, 0.3, 600) == _run(4, 0.3, 600)
