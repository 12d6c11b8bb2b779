"""Every mailbox policy against a plain list, step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import trio
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from supervisors.errors import MailboxEmptyError, MailboxFullError
from supervisors.mailbox import Mailbox, Overflow

Message = tuple[str, int]
BATCH_MAX = 3


def key_of(message: Message) -> str:
    return message[0]


class MailboxMachine(RuleBasedStateMachine):
    """`waiting` is the model: a list of messages, oldest first; `tried` counts by message."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Message] = []
        self.in_hand: list[Message] = []
        self.tried: Counter[Message] = Counter()
        self.redelivered = 0
        self.accepted = self.dropped = self.conflated = self.rejected = 0
        self.handled = self.dead = self.serial = 0

    @initialize(
        capacity=st.integers(1, 4), policy=st.sampled_from(Overflow), tries=st.integers(1, 3)
    )
    def make(self, capacity: int, policy: Overflow, tries: int) -> None:
        key: Callable[[Message], str] | None = key_of if policy is Overflow.CONFLATE else None
        self.capacity, self.policy = capacity, policy
        self.tries = tries if policy in {Overflow.BLOCK, Overflow.REJECT} else 1
        self.mailbox: Mailbox[Message] = Mailbox(
            "m", capacity=capacity, policy=policy, key=key, tries=self.tries
        )

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
        self.handled, self.in_hand = self.handled + len(self.in_hand), []
        if self.waiting:
            self.in_hand = [self.waiting.pop(0)]
            assert self.mailbox.receive_nowait() == self.in_hand[0]
        else:
            with pytest.raises(MailboxEmptyError):
                self.mailbox.receive_nowait()

    @rule(dies=st.booleans())
    def end(self, dies: bool) -> None:
        lost, self.in_hand = self.in_hand, []
        if not dies:
            self.handled += len(lost)
            lost = []
        self.tried.update(lost)
        again = [message for message in lost if self.tried[message] < self.tries]
        self.dead += len(lost) - len(again)
        self.redelivered += len(again)
        self.waiting[:0] = again
        self.mailbox.finish(ValueError("boom") if dies else None, 0)

    @rule(limit=st.integers(1, BATCH_MAX))
    def receive_many(self, limit: int) -> None:
        if not self.waiting:
            return
        self.handled += len(self.in_hand)
        self.in_hand, self.waiting = self.waiting[:limit], self.waiting[limit:]
        assert list(trio.run(self.mailbox.receive_batch, limit)) == self.in_hand

    @rule()
    def overrun(self) -> None:
        self.dropped += len(self.waiting)
        self.waiting.clear()
        self.mailbox.overrun(OSError("missed one"))

    @invariant()
    def counters_agree(self) -> None:
        box = self.mailbox
        assert box.waiting == len(self.waiting)
        assert box.waiting + box.in_hand <= box.capacity + BATCH_MAX
        assert box.waiting <= box.capacity or self.tries > 1
        assert (box.received, box.handled, box.in_hand, box.redelivered) == (
            self.accepted,
            self.handled,
            len(self.in_hand),
            self.redelivered,
        )
        assert all(letter.tries == self.tries for letter in box.dead_letters)
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
