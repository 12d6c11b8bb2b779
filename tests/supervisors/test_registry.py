"""Names to addresses, with generations."""

from __future__ import annotations

import pytest

from supervisors.errors import NotRegisteredError
from supervisors.mailbox import Mailbox, Overflow
from supervisors.registry import Registration, Registry

ONE: Mailbox[int] = Mailbox("one", capacity=1, policy=Overflow.REJECT)
TWO: Mailbox[int] = Mailbox("two", capacity=1, policy=Overflow.REJECT)


def test_a_name_is_found_until_its_holder_removes_it() -> None:
    registry = Registry()
    generation = registry.register("feed", ONE)
    assert registry.get("feed") is ONE
    assert registry.names() == ("feed",)
    assert registry.unregister("feed", generation)
    assert registry.find("feed") is None
    with pytest.raises(NotRegisteredError, match="feed"):
        registry.get("feed")


def test_a_late_clean_up_does_not_hide_the_successor() -> None:
    registry = Registry()
    old = registry.register("feed", ONE)
    new = registry.register("feed", TWO)
    assert new > old
    assert not registry.unregister("feed", old)
    assert registry.get("feed") is TWO
    assert registry.generation("feed") == new


def test_watchers_see_what_is_there_and_every_change() -> None:
    registry = Registry()
    registry.register("feed", ONE)
    seen: list[Registration] = []
    leave = registry.subscribe(seen.append)
    generation = registry.register("feed", TWO)
    registry.unregister("feed", generation)
    leave()
    registry.register("feed", ONE)
    assert [(change.name, change.address) for change in seen] == [
        ("feed", ONE),
        ("feed", TWO),
        ("feed", None),
    ]


def test_a_failing_watcher_disturbs_nobody() -> None:
    registry = Registry()

    def fail(change: Registration) -> None:
        raise ValueError(change.name)

    seen: list[Registration] = []
    registry.subscribe(fail)
    registry.subscribe(seen.append)
    registry.register("feed", ONE)
    assert len(seen) == registry.failed_watchers == 1
    assert list(registry.failures) == ["ValueError: feed"]
    registry.subscribe(fail)  # who fails at what is there already is no better
    assert registry.failed_watchers == 2
