"""Risk as the journal and this process's memory have it.

Invariant: a restarted one knows every halt, stop, fill and open order that the one before it knew,
which venues' accounts are out of sight, and what had taken its time to be estimated: volatilities,
what the blend earned, the allocation, the step of the ladder.
"""

from __future__ import annotations

from copy import deepcopy

from attrs import frozen

from bot3.actors.memory import Memory
from bot3.domain.values import InstrumentId
from bot3.portfolio.reinvestment import Reinvestment, ReinvestmentSettings
from bot3.risk.adaptive.manager import AdaptiveRiskManager
from bot3.risk.adaptive.settings import AdaptiveSettings
from bot3.risk.limits import RiskLimits
from bot3.risk.manager import RiskManager


@frozen
class RiskSettings:
    """What risk is told: hard limits, and how they adapt."""

    limits: RiskLimits
    instruments: tuple[InstrumentId, ...]
    adaptive: AdaptiveSettings
    reinvestment: ReinvestmentSettings


def restored_adaptive(settings: RiskSettings, memory: Memory) -> AdaptiveRiskManager:
    """With what the last bars in memory and the estimates in the journal say."""
    made = AdaptiveRiskManager(settings.limits, settings.instruments, settings.adaptive)
    made.warm_up({key: memory.bars(key) for key in settings.instruments})
    recovery, known = memory.recovery, memory.recovery.estimates
    made.on_losses(recovery.trips.losses)
    for fitted in known.fits.values():
        made.on_fit(fitted)
    if known.bets is not None:
        made.restore_bets(known.bets)
    if known.allocation is not None:
        made.on_allocation(known.allocation)
    if known.ladder is not None:
        made.restore_ladder(known.ladder, memory.drawdown().reopens)
    return made


def restored_reinvestment(settings: ReinvestmentSettings, memory: Memory) -> Reinvestment:
    """As the last change of capital in the journal left it."""
    fresh, last = Reinvestment(settings), memory.recovery.capital
    return fresh if last is None else fresh.restored(last)


def restored_manager(settings: RiskSettings, memory: Memory) -> RiskManager:
    """The gate as the journal and the venues' last word have it."""
    recovery = memory.recovery
    manager = RiskManager(
        settings.limits,
        watch=memory.drawdown(),
        halted=memory.halt(),
        last_intent_number=recovery.next_intent_number - 1,
        adaptive=restored_adaptive(settings, memory),
        reinvestment=restored_reinvestment(settings.reinvestment, memory),
    )
    manager.restore_trips(deepcopy(recovery.trips), recovery.stops_hit_ns, recovery.peaks)
    manager.on_instruments(memory.instruments.values())
    manager.on_balances(memory.balances.values())
    for instrument, position in recovery.tracker.positions().items():
        manager.on_position(instrument, position.amount, entry=position.average_price)
    for hit in recovery.stops.values():
        manager.restore_stop(hit)
    for kept in recovery.orders():
        manager.restore_order(kept)
    for mismatch in memory.mismatches.values():
        manager.on_reconciled(mismatch)
    for circuit in memory.standing.circuits.values():
        manager.on_circuit(circuit)
    for venue, reason in memory.accounts_lost.items():
        manager.on_account_lost(venue, reason)
    for pair in memory.pairs.values():
        manager.on_pair(pair)
    return manager
