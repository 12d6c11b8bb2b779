"""The jury for a configuration and its tree."""

from __future__ import annotations

from bot3.app.risk_wiring import instruments_of, limits_of
from bot3.app.settings import Config
from bot3.app.simulation.invariants.bench import all_checkers
from bot3.app.simulation.invariants.jury import Jury
from bot3.app.simulation.invariants.restart_rules import pauses_of, supervisor_rules_of
from bot3.app.simulation.invariants.settings import InvariantSettings
from bot3.app.simulation.scenario import FaultPlan
from bot3.domain.values import Asset, decimal_of
from supervisors.spec import SupervisorSpec


def convene(config: Config, tree: SupervisorSpec, plan: FaultPlan) -> Jury:
    """Every checker, told what this configuration and this tree promise."""
    settings = InvariantSettings(
        limits=limits_of(config),
        currency=Asset(config.system.quote),
        instruments=instruments_of(config),
        order_lifetime_s=config.execution.order_lifetime_s,
        maker_patience_s=config.execution.maker_patience_s,
        group_size_max=decimal_of(config.arbitrage.max_size),
        # A beat later at most; a clock that is set forward in between adds its step.
        group_s_max=config.arbitrage.legs_within_s
        + config.arbitrage.mend_within_s
        + 1.0
        + 2.0 * plan.clock_skew_max_s,
        restart_pauses_s=pauses_of(tree),
        supervisor_rules=supervisor_rules_of(tree),
        # A machine's clock may be wrong by so much at one moment, and as much to the other side.
        skew_s=2.0 + 2.0 * plan.clock_skew_max_s,
    )
    return Jury(all_checkers(settings))
