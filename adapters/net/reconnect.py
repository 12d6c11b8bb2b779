"""How long to wait before the next connection attempt. Pure arithmetic; the dice are passed in.

Invariant: the n-th delay is `initial_s * factor**n`, at most `max_s`, times a factor drawn from
[1 - jitter, 1], so that many clients cut off together do not come back together.
"""

from __future__ import annotations

from typing import Protocol, final

from attrs import field, frozen, validators


class Draw(Protocol):
    """The one thing asked of the dice: a float in [0, 1)."""

    def random(self) -> float: ...


@frozen
class BackoffPolicy:
    """Delays in seconds; `jitter` in [0, 1] is the part of a delay left to chance."""

    initial_s: float = field(default=0.5, validator=validators.gt(0.0))
    factor: float = field(default=2.0, validator=validators.ge(1.0))
    max_s: float = field(default=30.0, validator=validators.gt(0.0))
    jitter: float = field(
        default=0.5, validator=validators.and_(validators.ge(0.0), validators.le(1.0))
    )


@final
class Backoff:
    """The delays of one connection."""

    def __init__(self, policy: BackoffPolicy, dice: Draw) -> None:
        self._policy = policy
        self._dice = dice
        self._base_s = policy.initial_s

    def next_s(self) -> float:
        """The delay before the next attempt; each call raises the following one."""
        policy = self._policy
        base_s = min(self._base_s, policy.max_s)
        self._base_s = min(base_s * policy.factor, policy.max_s)
        return base_s * (1.0 - policy.jitter * self._dice.random())

    def reset(self) -> None:
        """After a connection that held: the next delay is the initial one again."""
        self._base_s = self._policy.initial_s
