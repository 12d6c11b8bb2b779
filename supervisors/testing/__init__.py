"""Tools for tests and simulations of actors: virtual time, seeded scheduling, crashes on demand.

Invariant: nothing here waits in real time, and a run under `deterministic` is a function of its
code and its seed alone.
"""

from supervisors.testing.agenda import Agenda
from supervisors.testing.crashes import CheckpointCrashes, actor_of, crash, crash_on_next_message
from supervisors.testing.determinism import deterministic
from supervisors.testing.trees import running_tree
from supervisors.testing.virtual_clock import (
    DeadlockError,
    TrioClock,
    VirtualClock,
    run_virtually,
)

__all__ = [
    "Agenda",
    "CheckpointCrashes",
    "DeadlockError",
    "TrioClock",
    "VirtualClock",
    "actor_of",
    "crash",
    "crash_on_next_message",
    "deterministic",
    "run_virtually",
    "running_tree",
]
