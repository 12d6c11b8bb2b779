"""Crashes on demand: of one actor, on its next message, at a random checkpoint.

Invariant: a crash here leaves only states that a real one can: an actor is ended between two steps
of its task, or by its handler, never by an error put into a call that cannot raise it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, final

import trio

from supervisors.actor import DecisionActor
from supervisors.cell import DecisionCell
from supervisors.entropy import Dice
from supervisors.errors import SupervisionError
from supervisors.tree import TreeHandle

M = TypeVar("M")


class InjectedCrashError(Exception):
    """Planned by the test or the simulation."""


def crash(cell: DecisionCell[Any], error: Exception) -> None:
    """The actor dies of `error` now, between two messages; none is lost. Down already: nothing."""
    cell.kill(error)


def crash_on_next_message(cell: DecisionCell[M], error: Exception) -> None:
    """The next message this incarnation handles kills it with `error` and is a dead letter."""

    def die(_message: M) -> None:
        raise error

    if cell.handler is not None:
        cell.handler = die


def actor_of(cell: DecisionCell[Any]) -> DecisionActor[Any] | None:
    """The incarnation that handles its messages now, to look at; None while it is down."""
    actor = getattr(cell.handler, "__self__", None)
    return actor if isinstance(actor, DecisionActor) else None


@final
class CheckpointCrashes(trio.abc.Instrument):
    """Ends a random actor at a random step of any task, on average every `steps_between` steps.

    Args:
        tree: the running tree; None while there is none.
        victims: the paths that may be chosen from, now.
        crashed: told of each path that was ended.
    """

    def __init__(
        self,
        dice: Dice,
        steps_between: int,
        *,
        tree: Callable[[], TreeHandle | None],
        victims: Callable[[TreeHandle], Sequence[str]],
        crashed: Callable[[str], None],
    ) -> None:
        if steps_between < 1:
            raise ValueError(f"steps_between {steps_between} must be positive")
        self.is_on = True
        self._dice = dice
        self._rate = 1.0 / steps_between
        self._tree = tree
        self._victims = victims
        self._crashed = crashed
        self._left = self._draw()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Cancelling a scope here is public and safe: the victim ends at its next checkpoint."""
        del task
        self._left -= 1
        if self._left > 0:
            return
        self._left = self._draw()
        tree = self._tree()
        if not self.is_on or tree is None:
            return
        paths = self._victims(tree)
        if not paths:
            return
        path = self._dice.choice(paths)
        try:
            tree.kill(path, InjectedCrashError("at a random checkpoint"))
        except SupervisionError:
            return  # it is not there any more
        self._crashed(path)

    def _draw(self) -> int:
        return 1 + int(self._dice.expovariate(self._rate))
