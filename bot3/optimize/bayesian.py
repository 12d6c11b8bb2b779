"""BayesianOptimizer: asks for parameters, is told what they were worth; Optuna's samplers.

Invariant: every trial that was asked for is told, as a value or as one that cannot be; trials of an
earlier process in the same storage are known.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from enum import Enum, unique
from importlib.util import find_spec
from typing import Any, final

from attrs import frozen

from bot3.domain.errors import ConfigError
from bot3.optimize.space import Range, Space

Values = dict[str, float]
_KEPT, _CANNOT_BE = "kept", "cannot_be"


@unique
class Sampler(Enum):
    """Gaussian process: fewest trials, below about 20 numbers; TPE: many trials, or conditions;
    CMA-ES: many trials of numbers that act together.
    """

    GP = "gp"
    TPE = "tpe"
    CMAES = "cmaes"


@frozen
class Told:
    """A trial that is over; `value` None: it could not be. `kept` is the caller's."""

    parameters: Values
    value: float | None
    kept: Mapping[str, Any]


@final
class BayesianOptimizer:
    """Maximizes. `storage`: one of Optuna's, None: in memory."""

    def __init__(
        self, space: Space, sampler: Sampler, seed: int, name: str, storage: Any = None
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = space
        self._optuna = optuna
        self._learns_limits = sampler is not Sampler.CMAES
        self._open: dict[int, Any] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study = optuna.create_study(
                storage=storage, study_name=name, direction="maximize", load_if_exists=True
            )
            done = len(self._study.trials)
            self._study.sampler = _sampler(optuna, sampler, seed + done)
        self._fail_unfinished()

    def ask(self, count: int) -> list[tuple[int, Values]]:
        """Numbers of trials and their parameters."""
        asked = []
        for _ in range(count):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                trial = self._study.ask(_distributions(self._optuna, self._space))
            self._open[trial.number] = trial
            asked.append((trial.number, {k: float(v) for k, v in trial.params.items()}))
        return asked

    def tell(self, number: int, value: float | None, kept: Mapping[str, Any]) -> None:
        """What a trial was worth; None: its parameters cannot be."""
        trial = self._open.pop(number)
        trial.set_user_attr(_KEPT, dict(kept))
        if self._learns_limits:
            trial.set_constraint(_CANNOT_BE, 1.0 if value is None else -1.0)
        if value is None and self._learns_limits:
            # A value is asked for all the same: the constraint says what it is worth.
            trial.set_user_attr(_CANNOT_BE, value=True)
            self._study.tell(trial, 0.0)
        elif value is None:
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(trial, value)

    @property
    def trials(self) -> list[Told]:
        """All that are over, oldest first."""
        complete = self._optuna.trial.TrialState.COMPLETE
        return [
            Told(
                {k: float(v) for k, v in trial.params.items()},
                trial.value if _counts(trial, complete) else None,
                trial.user_attrs.get(_KEPT, {}),
            )
            for trial in self._study.get_trials(deepcopy=False)
            if trial.state.is_finished()
        ]

    def importance(self) -> dict[str, float]:
        """Shares of what the parameters explain (PED-ANOVA); empty for too few trials."""
        evaluator = self._optuna.importance.PedAnovaImportanceEvaluator
        known = [trial for trial in self.trials if trial.value is not None]
        if len(known) < len(self.trials) // 2:  # it would explain what cannot be
            return {}
        if len(known) < 2 * len(self._space) + 2 or len({each.value for each in known}) < 2:
            return {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self._optuna.importance.get_param_importances(
                self._study, evaluator=evaluator()
            )
        return {name: float(share) for name, share in found.items()}

    def _fail_unfinished(self) -> None:
        """What an earlier process asked for and never told."""
        state = self._optuna.trial.TrialState
        for trial in self._study.get_trials(deepcopy=False):
            if not trial.state.is_finished():
                self._study.tell(trial.number, state=state.FAIL)


def _counts(trial: Any, complete: Any) -> bool:
    return trial.state is complete and _CANNOT_BE not in trial.user_attrs


def _sampler(optuna: Any, kind: Sampler, seed: int) -> Any:
    match kind:
        case Sampler.GP:
            if find_spec("torch") is None:
                raise ConfigError(
                    "--sampler gp needs torch: pip install 'bot3[gp]', or take tpe or cmaes"
                )
            return optuna.samplers.GPSampler(seed=seed, deterministic_objective=True)
        case Sampler.TPE:
            return optuna.samplers.TPESampler(seed=seed, multivariate=True)
        case Sampler.CMAES:
            return optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _distributions(optuna: Any, space: Space) -> dict[str, Any]:
    return {name: _distribution(optuna, each) for name, each in space.items()}


def _distribution(optuna: Any, each: Range) -> Any:
    if each.is_whole:
        kind = optuna.distributions.IntDistribution
        return kind(int(each.low), int(each.high), log=each.is_log)
    return optuna.distributions.FloatDistribution(each.low, each.high, log=each.is_log)


def best_of(trials: Sequence[Told], count: int) -> list[Told]:
    """The highest values first, each set of parameters once."""
    unique = {
        tuple(sorted(each.parameters.items())): each for each in trials if each.value is not None
    }
    return sorted(unique.values(), key=lambda each: -(each.value or 0.0))[:count]
