"""The bounded queue in front of an edge actor; outlives the actor.

Invariant: accepted = handled + in hand + dead + dropped + conflated + waiting, at any moment.
A message is taken only by a receive that returns it, so a cancelled receive loses nothing.
What the actor received last is in its hands until it receives again or ends: if it dies with it,
those messages are dead letters and their questions fail; with `tries`, they go back to the front
until so many incarnations have died with them. (Of several tasks that receive from one
mailbox only the latest is known by that; an actor that wants workers gives each a mailbox.)
"""

from __future__ import annotations

import enum
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from itertools import chain, repeat
from typing import Generic, TypeVar, final

import trio

from supervisors.dead_letters import DeadLetters
from supervisors.errors import MailboxEmptyError, MailboxFullError, SpecError
from supervisors.request import fail_reply

M = TypeVar("M")


@final
class Overflow(enum.Enum):
    """What a full mailbox does with one more message."""

    BLOCK = "block"  # `put` waits, `send` raises MailboxFullError
    DROP_OLDEST = "drop_oldest"
    CONFLATE = "conflate"  # the newest per key, in the place of the key's first waiting message
    REJECT = "reject"  # raises MailboxFullError


@final
class Mailbox(Generic[M]):
    """An `Address` with a bound.

    Args:
        name: of the actor it belongs to.
        capacity: messages that may wait.
        policy: see `Overflow`. A full conflating mailbox that meets a new key drops its oldest.
        key: of a message, for `CONFLATE` only.
        dead_letter_capacity: how many are kept of those that died.
        tries: incarnations that may die with one message in hand; more than 1 delivers at least
            once, if the policy drops nothing. What goes back had its place already: so `waiting`
            may exceed the capacity by as much.
    """

    def __init__(
        self,
        name: str,
        *,
        capacity: int,
        policy: Overflow,
        key: Callable[[M], Hashable] | None = None,
        dead_letter_capacity: int = 100,
        tries: int = 1,
    ) -> None:
        if capacity < 1 or tries < 1:
            raise SpecError(f"{name}: capacity {capacity} and tries {tries} must be positive")
        if (key is not None) is not (policy is Overflow.CONFLATE):
            raise SpecError(f"{name}: a key goes with CONFLATE, and only with it")
        self.name = name
        self.capacity = capacity
        self.policy = policy
        if tries > 1 and not self.is_refusing:
            raise SpecError(f"{name}: tries {tries} promise what {policy.value} does not keep")
        self.received = self.handled = 0
        self.dropped = self.conflated = self.rejected = 0
        self.taken = self.redelivered = 0
        self.tries = tries
        self.dead_letters = DeadLetters(dead_letter_capacity)
        self._key = key
        self._keyed: OrderedDict[Hashable, M] = OrderedDict()  # used when there is a key
        self._plain: deque[M] = deque()  # used when there is none
        self._in_hand: tuple[M, ...] = ()
        self._tried: deque[int] = deque()  # how often the first of those that wait were in hand
        self._tried_in_hand: tuple[int, ...] = ()  # and the first of those in hand
        self._kill: Callable[[Exception], None] | None = None
        self._is_cut_off = False
        self._receivers = trio.lowlevel.ParkingLot()
        self._senders = trio.lowlevel.ParkingLot()
        self._drainers = trio.lowlevel.ParkingLot()

    @property
    def waiting(self) -> int:
        return len(self._plain) if self._key is None else len(self._keyed)

    @property
    def is_refusing(self) -> bool:
        """Full, it refuses a message rather than drop one."""
        return self.policy in (Overflow.BLOCK, Overflow.REJECT)

    @property
    def in_hand(self) -> int:
        """Messages received by the actor and not yet known to be handled."""
        return len(self._in_hand)

    def send(self, message: M) -> None:
        """Never waits.

        Raises:
            MailboxFullError: full, and the policy is BLOCK or REJECT; the message is not taken.
        """
        if self._key is not None:
            self._conflate(self._key(message), message)
        else:
            if len(self._plain) >= self.capacity:
                self._overflow()
            self._plain.append(message)
        self.received += 1
        self._receivers.unpark()

    async def put(self, message: M) -> None:
        """Like `send`, but with BLOCK it waits for room. A cancelled put has put nothing."""
        await trio.lowlevel.checkpoint()
        if self.policy is Overflow.BLOCK:
            while self.waiting >= self.capacity:
                await self._senders.park()
        self.send(message)

    async def receive(self) -> M:
        """The oldest message, when there is one. What was received before counts as handled."""
        await self._until_one_waits()
        return self._take()

    async def receive_batch(self, limit: int) -> tuple[M, ...]:
        """One to `limit` of the oldest messages: one wait for a whole burst."""
        if limit < 1:
            raise ValueError(f"{self.name}: batch limit {limit} must be positive")
        await self._until_one_waits()
        return self._take_many(limit)

    def receive_nowait(self) -> M:
        """The oldest message; raises `MailboxEmptyError` when none waits."""
        self._settle()
        if self._is_cut_off or not self.waiting:
            raise MailboxEmptyError(f"{self.name}: nothing waits")
        return self._take()

    def attach(self, kill: Callable[[Exception], None]) -> None:
        """An incarnation of the actor begins; `kill` ends it."""
        self._kill, self._is_cut_off = kill, False

    def overrun(self, error: Exception) -> None:
        """It missed a message: what waits is void, and its actor dies without another message.

        So the next incarnation, which starts from a snapshot, sees nothing with a hole in it.
        """
        self.dropped += self.waiting
        for message in (*self._plain, *self._keyed.values()):
            fail_reply(message, self.name, "dropped, for the actor could not keep up")
        for queue in (self._plain, self._keyed, self._tried):
            queue.clear()
        self._senders.unpark_all()
        if self._kill is not None:
            self._is_cut_off = True
            self._kill(error)

    async def drained(self) -> None:
        """Until the actor has handled all that was sent, or has ended."""
        while self._kill is not None and (self.waiting or self._in_hand):
            await self._drainers.park()

    def finish(self, error: BaseException | None, ts_ns: int) -> None:
        """The actor ended: well (what it had in hand is handled) or with `error` (it is dead)."""
        self._kill = None
        if error is not None:
            self._put_back_or_bury(error, ts_ns)
        self._settle()
        self._drainers.unpark_all()

    def _put_back_or_bury(self, error: BaseException, ts_ns: int) -> None:
        lost, self._in_hand = self._in_hand, ()
        again: list[tuple[M, int]] = []
        for message, before in zip(lost, chain(self._tried_in_hand, repeat(0)), strict=False):
            if before + 1 < self.tries:
                again.append((message, before + 1))
                continue
            self.dead_letters.add(self.name, message, error, ts_ns, before + 1)
            fail_reply(message, self.name, f"ended with the question: {type(error).__name__}")
        self._plain.extendleft(message for message, _ in reversed(again))
        self._tried.extendleft(tried for _, tried in reversed(again))
        self.redelivered += len(again)

    def _conflate(self, key: Hashable, message: M) -> None:
        if key in self._keyed:
            fail_reply(self._keyed[key], self.name, "replaced by a newer message")
            self.conflated += 1
        elif len(self._keyed) >= self.capacity:
            fail_reply(self._keyed.popitem(last=False)[1], self.name, "dropped by a full mailbox")
            self.dropped += 1
        self._keyed[key] = message

    def _overflow(self) -> None:
        if self.policy is not Overflow.DROP_OLDEST:
            self.rejected += 1
            raise MailboxFullError(self.name, self.capacity)
        fail_reply(self._plain.popleft(), self.name, "dropped by a full mailbox")
        self.dropped += 1

    async def _until_one_waits(self) -> None:
        self._settle()
        if not self._is_cut_off and self.waiting:
            await trio.lowlevel.checkpoint()  # to wait is one by itself
        while self._is_cut_off or not self.waiting:
            await self._receivers.park()

    def _settle(self) -> None:
        self.handled += len(self._in_hand)
        self._in_hand = ()
        if self._drainers and not self.waiting:
            self._drainers.unpark_all()

    def _take(self) -> M:
        message = self._pop()
        self._hand_over((message,))
        return message

    def _take_many(self, limit: int) -> tuple[M, ...]:
        batch = tuple(self._pop() for _ in range(min(limit, self.waiting)))
        self._hand_over(batch)
        return batch

    def _hand_over(self, batch: tuple[M, ...]) -> None:
        self._in_hand = batch
        if self._tried or self._tried_in_hand:
            self._tried_in_hand = tuple(self._tried.popleft() for _ in batch if self._tried)
        self.taken += len(batch)
        self._senders.unpark(count=len(batch))

    def _pop(self) -> M:
        return self._plain.popleft() if self._key is None else self._keyed.popitem(last=False)[1]
