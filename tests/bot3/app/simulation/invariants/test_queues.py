from __future__ import annotations

from bot3.app.simulation.invariants.events import QueueRow, QueuesSeen
from bot3.app.simulation.invariants.queues import QueuesBounded


def texts(*looks: QueuesSeen) -> list[str]:
    checker = QueuesBounded()
    return [violation.text for look in looks for violation in checker.hear(look)]


def look(*rows: QueueRow, generation: int = 1) -> QueuesSeen:
    return QueuesSeen(generation, 0, rows)


def test_queues_within_their_bounds_are_well() -> None:
    full = QueueRow("journal", 20, 20, may_lose=False)
    lossy = QueueRow("feed", 0, 10, lost=5)
    assert texts(look(full, lossy), look(full, QueueRow("feed", 0, 10, lost=9))) == []


def test_a_queue_above_its_bound_is_caught() -> None:
    assert texts(look(QueueRow("journal", 21, 20))) == ["journal: 21 wait, 20 may"]


def test_a_queue_without_a_bound_is_caught() -> None:
    assert texts(look(QueueRow("journal", 3, 0))) == ["journal: has no bound (0)"]


def test_a_message_about_money_that_is_lost_is_caught_once() -> None:
    rows = [QueueRow("orders", 0, 10, lost=lost, may_lose=False) for lost in (0, 2, 2, 3)]
    found = texts(*map(look, rows))
    assert found == ["orders: lost 2 messages", "orders: lost 1 messages"]


def test_a_new_process_counts_anew() -> None:
    lost = QueueRow("orders", 0, 10, lost=1, may_lose=False)
    assert len(texts(look(lost), look(lost, generation=2))) == 2
