from __future__ import annotations

from adapters.simulated.orders import Execution
from bot3.app.simulation.invariants.events import RecordsSynced
from bot3.app.simulation.invariants.journal_first import JournalFirst
from bot3.messages.control import TradingResumed
from bot3.messages.orders import IntentRecorded
from tests.bot3.app.simulation.invariants.history import History


def history() -> History:
    return History(JournalFirst().hear).begin()


def test_an_order_behind_its_synced_intent_is_well() -> None:
    world = history()
    order = world.order()
    world.traded(order, "0.4")
    world.closed(order)
    assert world.texts == []


def test_an_order_without_a_record_is_caught_once() -> None:
    world = history()
    order = world.place(world.made())
    world.trade(order)
    (text,) = world.texts
    assert "its intent is not written" in text


def test_an_order_whose_record_is_not_synced_is_caught() -> None:
    world = history()
    intent = world.made()
    world.write(IntentRecorded(intent, world.now_ns), is_synced=False)
    world.place(intent)
    (text,) = world.texts
    assert f"{intent.client_order_id}: " in text
    assert "its intent is not synced" in text


def test_a_later_sync_makes_earlier_records_durable() -> None:
    world = history()
    one, other = world.made(), world.made()
    world.write(IntentRecorded(one, world.now_ns), is_synced=False)
    world.write(TradingResumed("operator", world.now_ns))
    world.place(one)
    world.write(IntentRecorded(other, world.now_ns), is_synced=False)
    world.tell(RecordsSynced(1, world.sequence, world.now_ns))
    world.place(other)
    assert world.texts == []


def test_a_record_that_a_power_loss_took_is_not_there() -> None:
    world = history()
    kept = world.made()
    world.write(IntentRecorded(kept, world.now_ns))
    lost = world.made()
    world.write(IntentRecorded(lost, world.now_ns), is_synced=False)
    world.crash()
    world.lose(world.sequence - 1)
    world.start()
    world.place(kept)
    world.place(lost)
    (text,) = world.texts
    assert text.startswith(lost.client_order_id)


def test_a_fill_whose_order_was_never_reported_is_judged_too() -> None:
    world = history()
    world.hear, hear = lambda event: [], world.hear
    order = world.place(world.made())
    world.hear = hear
    order.updated_ns = world.now_ns
    world.trade(order)
    world.report(order, Execution.CANCELED)
    assert world.texts


def test_a_sync_of_earlier_records_leaves_later_ones_unsynced() -> None:
    world = history()
    one, other = world.made(), world.made()
    world.write(IntentRecorded(one, world.now_ns), is_synced=False)
    world.write(IntentRecorded(other, world.now_ns), is_synced=False)
    world.tell(RecordsSynced(1, 1, world.now_ns))
    world.place(one)
    world.place(other)
    (text,) = world.texts
    assert text.startswith(other.client_order_id)
