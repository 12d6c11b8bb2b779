"""Questions with a deadline: a message carries a `Reply`, the asked actor answers it.

Invariant: a reply is answered at most once; whoever comes later is ignored. A message that can be
answered holds its reply in an attribute named `reply`: that is where a dying actor's cell or
mailbox looks, to fail the question at once instead of letting it run into its deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, final

import trio

from supervisors.actor import Address
from supervisors.errors import ActorDiedError, AskTimeoutError

M = TypeVar("M")
T = TypeVar("T")


@final
class Reply(Generic[T]):
    """Room for one answer. Answering never waits, so a decision actor may do it."""

    __slots__ = ("_arrived", "_error", "_value")

    def __init__(self) -> None:
        self._arrived = trio.Event()
        self._error: Exception | None = None
        self._value: T | None = None

    @property
    def is_done(self) -> bool:
        return self._arrived.is_set()

    def answer(self, value: T) -> bool:
        """The answer; False when the question was already answered, failed or given up."""
        if self._arrived.is_set():
            return False
        self._value = value
        self._arrived.set()
        return True

    def fail(self, error: Exception) -> bool:
        """The asker gets `error` raised; False when the question was already closed."""
        if self._arrived.is_set():
            return False
        self._error = error
        self._arrived.set()
        return True

    async def wait(self) -> T:
        """The answer, once it is there; raises the error it failed with."""
        await self._arrived.wait()
        if self._error is not None:
            raise self._error
        return cast("T", self._value)


async def ask(
    address: Address[M], make_message: Callable[[Reply[T]], M], *, deadline_s: float
) -> T:
    """Sends the message made around a fresh reply and waits for its answer.

    Raises:
        AskTimeoutError: no answer within `deadline_s`.
        ActorDiedError: the actor died with the message in its hands, or the message was dropped.
        OverflowedError: the message could not be sent.
    """
    reply: Reply[T] = Reply()
    address.send(make_message(reply))
    with trio.move_on_after(deadline_s):
        return await reply.wait()
    late = AskTimeoutError(f"{address.name}: no answer within {deadline_s} s")
    reply.fail(late)
    raise late


def fail_reply(message: Any, to: str, why: str) -> None:
    """Fails the question a lost message carries, if it carries one."""
    reply = getattr(message, "reply", None)
    if isinstance(reply, Reply):
        reply.fail(ActorDiedError(f"{to}: {why}"))
