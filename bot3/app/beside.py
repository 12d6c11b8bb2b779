"""What works beside trading, and may be absent: models on disk, searches, estimates, alerts.

Invariant: nothing in here is on the way of an order; each has a mailbox that drops what it cannot
take, and is started last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import structlog
from attrs import field, frozen

from bot3.actors.core import DecisionCore
from bot3.app.alerts.told import AlertPlan
from bot3.app.mev.watched import ChainPlan
from bot3.app.settings import Config
from bot3.domain.values import InstrumentId
from bot3.learning.discovery import is_available
from bot3.messages.minds import RegimeEstimated, StrategyPromoted, TargetProposed
from bot3.portfolio.allocation import AllocationLimits
from bot3.portfolio.sleeves import SleeveBook
from bot3.services.discovery import DiscoveryActor
from bot3.services.estimation import EstimationActor, EstimationBeat
from bot3.services.evolution import EvolutionActor, EvolutionPlan
from bot3.services.model_files import ModelFiles, ModelKeeperActor
from bot3.services.sleeve_file import SleeveFile
from supervisors.actor import Address
from supervisors.entropy import Dice, Entropy
from supervisors.mailbox import Mailbox, Overflow
from supervisors.spec import ChildSpec, EdgeSpec

SEEN_CAPACITY = 1_000
# A warm-up comes in one burst: of each bar of each instrument, the bar and every strategy's target.
ESTIMATED_CAPACITY = 50_000


def _seen(name: str) -> Mailbox[RegimeEstimated]:
    return Mailbox(name, capacity=SEEN_CAPACITY, policy=Overflow.DROP_OLDEST)


def _estimated() -> Mailbox[RegimeEstimated | TargetProposed]:
    return Mailbox("estimation", capacity=ESTIMATED_CAPACITY, policy=Overflow.DROP_OLDEST)


@frozen
class EstimationPlan:
    """What is estimated, how often, and where its evidence is kept."""

    empty_book: Callable[[], SleeveBook]
    limits: AllocationLimits
    dice: Dice
    beat: EstimationBeat
    bar_s: float
    file: SleeveFile | None = None


@final
@frozen
class Beside:
    """None: not here."""

    models: ModelFiles | None = None
    discovery_dice: Dice | None = None
    estimation: EstimationPlan | None = None
    evolution: EvolutionPlan | None = None
    chain: ChainPlan | None = None
    alerts: AlertPlan | None = None
    seen: Mailbox[RegimeEstimated] = field(factory=lambda: _seen("discovery"), init=False)
    evolving: Mailbox[RegimeEstimated] = field(factory=lambda: _seen("evolution"), init=False)
    estimated: Mailbox[RegimeEstimated | TargetProposed] = field(factory=_estimated, init=False)

    def specs(self, core: DecisionCore) -> tuple[ChildSpec, ...]:
        """Those that are here."""
        made = (self._model_keeper, self._discovery, self._estimation, self._evolution)
        specs = tuple(spec for make in made for spec in make(core))
        return specs if self.chain is None else (*specs, self.chain.spec(core))

    def _evolution(self, core: DecisionCore) -> tuple[ChildSpec, ...]:
        plan = self.evolution
        if plan is None:
            return ()
        followers: dict[InstrumentId, Address[StrategyPromoted]] = {
            key: mind.evolved for key, mind in core.minds.items()
        }

        def build() -> EvolutionActor:
            return EvolutionActor(
                self.evolving,
                followers,
                plan,
                core.clock,
                journal=core.journal,
                board=core.outlets.board,
            )

        return (EdgeSpec("evolution", build, self.evolving),)

    def _model_keeper(self, core: DecisionCore) -> tuple[ChildSpec, ...]:
        files = self.models
        if files is None:
            return ()
        instruments = core.settings.instruments
        return (EdgeSpec("models", lambda: ModelKeeperActor(files, core.memory, instruments)),)

    def _discovery(self, core: DecisionCore) -> tuple[ChildSpec, ...]:
        dice = self.discovery_dice
        if dice is None:
            return ()
        learners = {key: mind.ml for key, mind in core.minds.items()}
        return (
            EdgeSpec(
                "discovery",
                lambda: DiscoveryActor(self.seen, learners, dice, core.clock),
                self.seen,
            ),
        )

    def _estimation(self, core: DecisionCore) -> tuple[ChildSpec, ...]:
        plan = self.estimation
        if plan is None:
            return ()

        def build() -> EstimationActor:
            return EstimationActor(
                self.estimated,
                plan.empty_book(),
                plan.limits,
                plan.dice,
                core.clock,
                risk=core.risk,
                board=core.outlets.board,
                journal=core.journal,
                file=plan.file,
                beat=plan.beat,
                bar_s=plan.bar_s,
            )

        return (EdgeSpec("estimation", build, self.estimated),)


def discovery_dice(config: Config, entropy: Entropy) -> Dice | None:
    """For the search for features; None where it is not wanted, or its library is not there."""
    if not config.learning.feature_discovery:
        return None
    if not is_available():
        structlog.get_logger("bot3").warning(
            "no features are searched", missing="pip install 'bot3[discovery]'"
        )
        return None
    return entropy.dice("feature discovery")
