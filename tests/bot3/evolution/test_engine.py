"""The search: the same seed the same, resumed or not; better as it goes; rare ones kept."""

from __future__ import annotations

import json

import numpy as np

from bot3.evolution.engine import EvolutionEngine, EvolutionSettings, Score
from bot3.evolution.generator import StrategyGenerator
from bot3.evolution.ranking import crowding, fronts, novelty, order_of
from bot3.strategies.genome import Genome

LEVELS = {f"f{at}": [-2.0, -1.0, 0.0, 1.0, 2.0] for at in range(8)}
WANTED = "f3<-1"


def scored(genome: Genome) -> Score:
    """Worth more the more often it names one gene; smaller is better, too."""
    dice = np.random.default_rng(list(genome.text.encode()))
    named = genome.tokens.count(WANTED) / len(genome)
    return Score((named, -float(len(genome))), named, dice.integers(0, 2, 16).astype(np.uint8))


def engine(seed: int = 1, generations: int = 12) -> EvolutionEngine:
    settings = EvolutionSettings(population=60, generations=generations, seed=seed)
    return EvolutionEngine(settings, StrategyGenerator(LEVELS, 0.1))


def advance(search: EvolutionEngine, until: int) -> EvolutionEngine:
    while search.generation < until:
        search.tell({genome.text: scored(genome) for genome in search.ask()})
    return search


def test_the_same_seed_is_the_same_search_interrupted_or_not() -> None:
    whole = advance(engine(), 12)
    half = advance(engine(), 5)
    resumed = engine()
    resumed.restore(json.loads(json.dumps(half.state())))
    assert advance(resumed, 12).state() == whole.state()
    assert advance(engine(seed=2), 12).state() != whole.state()


def test_it_finds_what_is_worth_more() -> None:
    search = advance(engine(generations=15), 15)
    first = max(scored(genome).aims[0] for genome in engine().ask())
    best = search.best(1)[0]
    assert scored(search.front()[0]).aims[0] >= first
    assert max(scored(genome).aims[0] for genome in search.best(60)) > max(first, 0.5)
    assert best.text in search.scores


def test_nobody_is_asked_about_twice() -> None:
    search, asked = engine(), []
    while not search.is_over:
        texts = [genome.text for genome in search.ask()]
        asked += texts
        search.tell({genome.text: scored(genome) for genome in search.ask()})
    assert len(asked) == len(set(asked)) == len(search.scores)


def test_small_populations_have_one_island() -> None:
    assert EvolutionSettings(population=30).sizes == [30]
    assert EvolutionSettings(population=100).sizes == [25, 25, 25, 25]


def test_fronts_ends_and_the_rare() -> None:
    aims = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.4, 0.4], [0.4, 0.1], [0.5, 0.5]])
    assert fronts(aims).tolist() == [0, 0, 0, 1, 2, 0]
    assert (crowding(aims, fronts(aims))[:2] >= 1e9).all()
    probes = np.array([[0, 0, 1, 1]] * 5 + [[1, 1, 0, 0]], dtype=np.uint8)
    assert novelty(probes)[5] == 1.0
    order = order_of(aims, probes).tolist()
    assert set(order[:2]) == {0, 1}
    assert order[2:] == [5, 2, 3, 4]  # of two alike the one that behaves as nobody else
