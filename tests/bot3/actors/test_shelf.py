"""What a learner is rebuilt from: two generations, each with a number of its own."""

from __future__ import annotations

from bot3.actors.shelf import SnapshotShelf
from bot3.healing.states import StateOrigin


def test_the_last_two_are_kept_and_the_newest_is_taken() -> None:
    shelf = SnapshotShelf()
    assert shelf.take() is None
    for snapshot in (b"one", b"two", b"three"):
        shelf.keep(snapshot)
    assert shelf.take() == b"three"
    assert shelf.origin == StateOrigin(built_from=3, newest=3, generations=2)
    shelf.drop_newest()
    assert shelf.take() == b"two"
    shelf.drop_newest()
    shelf.drop_newest()
    assert shelf.take() is None
    assert shelf.origin == StateOrigin()


def test_what_an_actor_was_built_from_is_not_what_was_kept_since() -> None:
    shelf = SnapshotShelf()
    shelf.keep(b"one")
    shelf.take()
    shelf.keep(b"two")
    assert shelf.origin == StateOrigin(built_from=1, newest=2, generations=2)


def test_numbers_are_never_given_twice() -> None:
    shelf = SnapshotShelf()
    shelf.keep(b"one")
    shelf.clear()
    shelf.keep(b"one")
    shelf.take()
    assert shelf.origin.built_from == 2
