"""The whole bench of checkers, in one place."""

from __future__ import annotations

from bot3.app.simulation.invariants.alive import Alive
from bot3.app.simulation.invariants.books import BooksAgree
from bot3.app.simulation.invariants.exposure_limits import ExposureLimits
from bot3.app.simulation.invariants.fills import FillsAndPositions
from bot3.app.simulation.invariants.groups import GroupsBounded
from bot3.app.simulation.invariants.halts import NoneAfterHalt
from bot3.app.simulation.invariants.journal_first import JournalFirst
from bot3.app.simulation.invariants.jury import Checker
from bot3.app.simulation.invariants.ledger import LedgerBalances
from bot3.app.simulation.invariants.mids import Mids
from bot3.app.simulation.invariants.one_order import OneOrderPerIntent
from bot3.app.simulation.invariants.one_writer import OneWriter
from bot3.app.simulation.invariants.order_ends import OrderEnds
from bot3.app.simulation.invariants.order_life import OrderLife
from bot3.app.simulation.invariants.order_limits import OrderLimits
from bot3.app.simulation.invariants.ownership import OrdersOwned
from bot3.app.simulation.invariants.queues import QueuesBounded
from bot3.app.simulation.invariants.restarts import NoRestartStorm
from bot3.app.simulation.invariants.settings import InvariantSettings


def all_checkers(settings: InvariantSettings) -> tuple[Checker, ...]:
    """A new one of each; who judges by mids sees the same ones."""
    mids = Mids(settings.decision_ns)
    return (
        OneOrderPerIntent(),
        JournalFirst(),
        OneWriter(),
        FillsAndPositions(settings),
        LedgerBalances(settings),
        OrderLimits(settings, mids),
        ExposureLimits(settings, mids),
        NoneAfterHalt(settings),
        OrderEnds(),
        OrdersOwned(),
        OrderLife(settings),
        QueuesBounded(),
        BooksAgree(settings),
        NoRestartStorm(settings),
        Alive(settings),
        GroupsBounded(settings),
    )
