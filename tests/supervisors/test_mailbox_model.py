"""Every mailbox policy against a plain list, step by step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from supervisors.errors import MailboxEmptyError, MailboxFullError
from supervisors.mailbox import Mailbox, Overflow

Message = tuple[str, int]


def key_of(message: Message) -> str:
    return message[0]


class MailboxMachine(RuleBasedStateMachine):
    """`waiting` is the model: a list of messages, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Message] = []
        self.in_hand = 0
        self.accepted = self.dropped = self.conflated = self.rejected = 0
        self.handled = self.dead = self.serial = 0

    @initialize(capacity=st.integers(1, 4), policy=st.sampled_from(Overflow))
    def make(self, capacity: int, policy: Overflow) -> None:
        key: Callable[[Message], str] | None = key_of if policy is Overflow.CONFLATE else None
        self.capacity, self.policy = capacity, policy
        self.mailbox: Mailbox[Message] = Mailbox("m", capacity=capacity, policy=policy, key=key)

    @rule(key=st.sampled_from("abcdef"))
    def send(self, key: str) -> None:
        self.serial += 1
        message = (key, self.serial)
        is_full = len(self.waiting) >= self.capacity
        keys = [key_of(waiting) for waiting in self.waiting]
        if self.policy is Overflow.CONFLATE and key in keys:
            self.waiting[keys.index(key)] = message
            self.conflated += 1
        elif is_full and self.policy in (Overflow.BLOCK, Overflow.REJECT):
            self.rejected += 1
            with pytest.raises(MailboxFullError, match=f"m: full with {self.capacity} messages"):
                self.mailbox.send(message)
            return
        else:
            if is_full:
                self.waiting.pop(0)
                self.dropped += 1
            self.waiting.append(message)
        self.accepted += 1
        self.mailbox.send(message)

    @rule()
    def receive(self) -> None:
        self.handled, self.in_hand = self.handled + self.in_hand, 0
        if self.waiting:
            assert self.mailbox.receive_nowait() == self.waiting.pop(0)
            self.in_hand = 1
        else:
            with pytest.raises(MailboxEmptyError):
                self.mailbox.receive_nowait()

    @rule(dies=st.booleans())
    def end(self, dies: bool) -> None:
        if dies:
            self.dead += self.in_hand
        else:
            self.handled += self.in_hand
        self.in_hand = 0
        self.mailbox.finish(ValueError("boom") if dies else None, 0)

    @invariant()
    def counters_agree(self) -> None:
        box = self.mailbox
        assert box.waiting == len(self.waiting) <= box.capacity
        assert (box.received, box.handled, box.in_hand) == (
            self.accepted,
            self.handled,
            self.in_hand,
        )
        assert (box.dropped, box.conflated, box.rejected, box.dead_letters.total) == (
            self.dropped,
            self.conflated,
            self.rejected,
            self.dead,
        )
        assert box.received == (
            box.handled
            + box.in_hand
            + box.dead_letters.total
            + box.dropped
            + box.conflated
            + box.waiting
        )


TestMailboxAgainstAList = MailboxMachine.TestCase
