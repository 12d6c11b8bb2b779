"""What evolution promoted, bar by bar: the columns' positions; a shadow until it earned more."""

from __future__ import annotations

import numpy as np
import pytest

from bot3.backtest.validation.zones import Zones
from bot3.domain.errors import DataError
from bot3.evolution.fitness import levels_of, search_data
from bot3.evolution.generator import QUANTILES, StrategyGenerator
from bot3.evolution.strategy import held
from bot3.evolution.table import FeatureTable, table_of
from bot3.market.features import FEATURE_INDEX, FEATURE_NAMES
from bot3.messages.minds import FeaturesComputed, RegimeEstimated, RegimeLabel
from bot3.strategies.base import ABSTAIN, Opinion
from bot3.strategies.evolved import GENOMES_MAX, EvolvedStrategy
from bot3.strategies.genome import NAMES
from bot3.strategies.hybrid import SHADOW_SHARE, HybridSettings, HybridStrategy
from tests.bot3.backtest.making import wandering
from tests.bot3.making import KEY, SECOND_NS, START_NS

ALWAYS, NEVER = "rule atr_14>-1 atr_14<-1", "rule atr_14<-1 atr_14>-1"


def bar(at: int, values: dict[str, float], log_return: float = 0.0) -> RegimeEstimated:
    row = [0.0] * len(FEATURE_NAMES)
    for name, value in values.items():
        if name in FEATURE_INDEX:
            row[FEATURE_INDEX[name]] = value
    ts_ns = START_NS + at * SECOND_NS
    features = FeaturesComputed(KEY, ts_ns, 0, 100.0, log_return, tuple(row))
    wild = values.get("volatile", 0.1)
    return RegimeEstimated(KEY, ts_ns, (1.0 - wild, wild), RegimeLabel.CALM, features)


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    return table_of(wandering(1_500, 4))


def test_it_holds_what_the_columns_hold(table: FeatureTable) -> None:
    span = (int(table.bars.close_ns[table.warm]), int(table.bars.close_ns[-1]) + 1)
    data = search_data([table], Zones(span, span, span), 0.001)
    genomes = StrategyGenerator(levels_of(data, QUANTILES), 0.1).new(25, 3)
    changes = 0
    for genome in genomes:
        strategy = EvolvedStrategy((genome.text,))
        told = []
        for at in range(table.warm, len(table)):
            row = dict(zip(NAMES, table.columns[:, at].tolist(), strict=True))
            seen = bar(at, row)
            told.append(strategy.decide(seen.features, seen).target)
        wanted = held(genome, table, table.warm, len(table))
        assert told == wanted.tolist(), genome.expression
        changes += int(np.abs(np.diff(wanted)).sum())
    assert changes > 300


def test_without_a_genome_it_abstains_and_with_many_the_newest_count() -> None:
    strategy, seen = EvolvedStrategy(), bar(0, {})
    assert strategy.decide(seen.features, seen) == ABSTAIN
    for text in (NEVER, ALWAYS, "rule atr_14>-2 atr_14<-2", "rule atr_14>-3 atr_14<-3"):
        strategy.adopt(text)
    assert len(strategy.genomes) == GENOMES_MAX
    assert NEVER not in strategy.genomes
    assert strategy.decide(seen.features, seen) == Opinion(1.0, 1.0)
    strategy.adopt(NEVER)
    assert strategy.decide(seen.features, seen).target == pytest.approx(2 / 3)
    with pytest.raises(DataError):
        strategy.adopt("rule rsi<1 rsi>1")


class Blend:
    """A hybrid with a shadow, in a market whose returns are told."""

    def __init__(self) -> None:
        settings = HybridSettings(cost_bps=0.0)
        self.hybrid = HybridStrategy("ta", "ml", settings, "evolved")
        self.at = 0

    def play(self, bars: int, shadow: Opinion, moved: float, others: Opinion) -> float:
        """Its weight afterwards."""
        for _ in range(bars):
            self.at += 1
            noise = 0.0003 * (-1) ** self.at
            seen = bar(self.at, {}, moved + noise)
            opinions = {"ta": others, "ml": others, "evolved": shadow}
            self.hybrid.blend(seen.features, seen, opinions)
        return self.hybrid.weights["evolved"]


SHORT, LONG, FLAT = Opinion(0.0, 1.0), Opinion(1.0, 1.0), Opinion(0.0, 1.0)


def test_a_shadow_sleeps_at_its_share_whatever_the_others_lose() -> None:
    blend = Blend()
    assert blend.hybrid.weights["evolved"] == pytest.approx(SHADOW_SHARE)
    assert blend.play(400, ABSTAIN, -0.001, LONG) == pytest.approx(SHADOW_SHARE, abs=1e-6)


def test_it_earns_its_weight_and_loses_it_to_another_one() -> None:
    blend = Blend()
    earned = blend.play(600, LONG, 0.001, FLAT)
    assert earned > 0.5
    blend.hybrid.renew_shadow()
    assert blend.play(1, ABSTAIN, 0.0, FLAT) < 0.1
    assert sum(blend.hybrid.weights.values()) == pytest.approx(1.0)
    assert blend.play(600, LONG, -0.001, FLAT) < SHADOW_SHARE


def test_it_does_not_inherit_from_those_who_say_nothing() -> None:
    blend, seen = Blend(), bar(1, {})
    alone = {"ta": ABSTAIN, "ml": ABSTAIN, "evolved": LONG}
    mixed = blend.hybrid._mix(alone)
    assert mixed.target == pytest.approx(SHADOW_SHARE)
    both = blend.hybrid._mix({"ta": LONG, "ml": ABSTAIN, "evolved": LONG})
    assert both.target == pytest.approx(1.0)
    assert seen.features.instrument == KEY


def test_without_a_place_nothing_changes() -> None:
    assert HybridStrategy("ta", "ml").weights.keys() == {"ta", "ml"}
    fixed = HybridStrategy("ta", "ml", HybridSettings(adaptive=False), "evolved")
    assert fixed.weights.keys() == {"ta", "ml"}
