"""The optimizer: finds known optima, avoids what cannot be, knows what it was told."""

from __future__ import annotations

from importlib.util import find_spec
from statistics import median

import optuna
import pytest

from bot3.app.science.optimization import _BRANIN, _BRANIN_LEAST, branin, hartmann, regret
from bot3.domain.errors import ConfigError
from bot3.optimize.bayesian import BayesianOptimizer, Sampler, best_of
from bot3.optimize.space import Range

SPACE = {name: Range(1.0, 40.0, is_whole=True, is_log=False) for name in ("fast", "slow")}


def advance(optimizer: BayesianOptimizer, trials: int) -> None:
    """Best at 12, 30; what has fast not below slow cannot be."""
    for _ in range(trials):
        ((number, at),) = optimizer.ask(1)
        off = abs(at["fast"] - 12) + abs(at["slow"] - 30)
        optimizer.tell(number, -off if at["fast"] < at["slow"] else None, {"off": off})


@pytest.mark.parametrize("sampler", [Sampler.TPE, Sampler.CMAES])
def test_it_comes_near_the_best_and_away_from_what_cannot_be(sampler: Sampler) -> None:
    optimizer = BayesianOptimizer(SPACE, sampler, 3, "t")
    advance(optimizer, 120)
    best = best_of(optimizer.trials, 3)
    assert best[0].value is not None
    assert best[0].value >= -8
    assert best[0].kept["off"] == -best[0].value
    assert [each.value for each in best] == sorted((each.value for each in best), reverse=True)
    failed = [each.value is None for each in optimizer.trials]
    assert sum(failed) > 0
    if sampler is Sampler.TPE:
        assert sum(failed[60:]) < sum(failed[:60])
    assert all(
        (each.value is None) == (each.parameters["fast"] >= each.parameters["slow"])
        for each in optimizer.trials
    )


def test_the_same_seed_asks_the_same_and_a_storage_is_gone_on_with() -> None:
    storage = optuna.storages.InMemoryStorage()
    one = BayesianOptimizer(SPACE, Sampler.TPE, 5, "t", storage)
    other = BayesianOptimizer(SPACE, Sampler.TPE, 5, "t")
    advance(one, 30)
    advance(other, 30)
    assert one.trials == other.trials
    one.ask(2)  # never told: that process is gone
    again = BayesianOptimizer(SPACE, Sampler.TPE, 5, "t", storage)
    assert again.trials[:30] == other.trials
    assert [each.value for each in again.trials[30:]] == [None, None]
    advance(again, 5)
    assert len(again.trials) == 37


def test_what_matters_is_told() -> None:
    optimizer = BayesianOptimizer(SPACE, Sampler.TPE, 3, "t")
    assert optimizer.importance() == {}
    for _ in range(60):
        ((number, at),) = optimizer.ask(1)
        optimizer.tell(number, -abs(at["fast"] - 12), {})
    shares = optimizer.importance()
    assert shares["fast"] > 0.7
    assert sum(shares.values()) == pytest.approx(1.0)


def test_it_beats_chance_on_a_known_function() -> None:
    found = [regret(branin, _BRANIN, _BRANIN_LEAST, Sampler.TPE, seed) for seed in range(3)]
    assert median(found) < 0.2  # random: .20
    assert branin({"x": 3.141592653589793, "y": 2.275}) == pytest.approx(_BRANIN_LEAST)
    best = (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)
    assert hartmann({f"x{at}": each for at, each in enumerate(best)}) == pytest.approx(-3.32237)


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is here")
def test_without_torch_the_gaussian_process_says_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"bot3\[gp\]"):
        BayesianOptimizer(SPACE, Sampler.GP, 1, "t")
