"""A session's decisions on tape, and the same again: were they a function of what was told?

Invariant: a replay is given what the decision core was told from outside, the times it read, and
the journal it began with; nothing of the edges, the venues or the weather.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar, final

from attrs import evolve, frozen

from bot3.actors.core import DecisionCore
from bot3.actors.core_settings import CoreOutlets, CoreSettings
from bot3.actors.memory import Memory
from supervisors.actor import Address
from supervisors.cell import DecisionCell
from supervisors.clock import Clock, ManualClock
from supervisors.dispatch import RunQueue
from supervisors.spec import DecisionSpec
from supervisors.tape import ReplayClock, Tape, TapeMark

K = TypeVar("K")
_DIFFERENCE_CHARACTERS: Final = 300


def taped_core(
    tape: Tape | None,
    settings: CoreSettings,
    memory: Memory,
    runs: RunQueue,
    clock: Clock,
    outlets: CoreOutlets,
) -> DecisionCore:
    """The core, and where there is a tape, its queue, clock, memory and outlets on it."""
    if tape is None:
        return DecisionCore(settings, memory, runs, clock, outlets)
    runs.watcher = tape
    memory.watch = partial(tape.told, memory)
    return DecisionCore(settings, memory, runs, tape.clock(clock), _taped(outlets, tape))


def _taped(outlets: CoreOutlets, tape: Tape) -> CoreOutlets:
    return evolve(
        outlets,
        journal=tape.address(outlets.journal),
        entries=_each(outlets.entries, tape),
        accounts=_each(outlets.accounts, tape),
        resyncs=_each(outlets.resyncs, tape),
        budgets=_each(outlets.budgets, tape),
        board=tape.address(outlets.board),
    )


def _each(addresses: Mapping[K, Address[Any]], tape: Tape) -> dict[K, Address[Any]]:
    return {key: tape.address(address) for key, address in addresses.items()}


@frozen
class Replayed:
    """`events` told, `said` sent out; where the two sessions first differ, in words."""

    events: int
    said: int
    difference: str = ""

    @property
    def is_same(self) -> bool:
        """Every signal, answer of risk and order came again."""
        return not self.difference

    @property
    def words(self) -> str:
        """One line."""
        told = f"decided again from {self.events:,} events: {self.said:,} words, "
        return told + (f"OTHERS: {self.difference}" if self.difference else "the same")


def replay(core: DecisionCore, tape: Tape, began: Memory) -> Replayed:
    """Decides the session of `core` again; `began` is a memory such as it began with, unused."""
    tape.is_over = True
    runs = RunQueue(ManualClock())
    again = Tape(runs)
    silent = _silent(core.outlets)
    clock = ReplayClock(tape.readings)
    second = taped_core(again, core.settings, began, runs, clock, silent)
    specs = dict(zip(map(id, _cells(core)), _specs(second), strict=True))
    try:
        for mark, place, message in tape.events:
            _happen(mark, specs.get(id(place)), place, message, second.memory)
    except Exception as error:  # whatever a replay raises is a difference
        return Replayed(len(tape.events), len(again.said), f"{type(error).__name__}: {error}")
    difference = _difference(tape.said, again.said)
    if not difference and not clock.is_exact:
        difference = "the same was said, but not as many times were read"
    return Replayed(len(tape.events), len(again.said), difference)


def _happen(
    mark: TapeMark, spec: DecisionSpec[Any] | None, place: Any, message: Any, memory: Memory
) -> None:
    """What concerns none of the core's actors happened beside it."""
    match mark:
        case TapeMark.TOLD if isinstance(place, Memory):
            memory.send(message)
        case TapeMark.SENT if spec is not None:
            spec.cell.send(message)
        case TapeMark.STARTED if spec is not None:
            spec.cell.start(spec.build)
        case TapeMark.ENDED if spec is not None:
            spec.cell.stop()
        case _:
            pass


def _specs(core: DecisionCore) -> list[DecisionSpec[Any]]:
    watched = [spec for each in core.watched.values() for spec in each.specs()]
    return [*core.money_specs(), *core.overseeing_specs(), *watched]


def _cells(core: DecisionCore) -> list[DecisionCell[Any]]:
    return [spec.cell for spec in _specs(core)]


def _difference(first: Sequence[str], second: Sequence[str]) -> str:
    for at, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            cut = _DIFFERENCE_CHARACTERS
            return f"word {at}: {one[:cut]!r}, and again {other[:cut]!r}"
    if len(first) != len(second):
        return f"{len(first)} words, and again {len(second)}"
    return ""


def _silent(outlets: CoreOutlets) -> CoreOutlets:
    """Addresses of the same names that nobody reads."""

    def mute(addresses: Mapping[K, Address[Any]]) -> dict[K, Address[Any]]:
        return {key: _Silent(address.name) for key, address in addresses.items()}

    return CoreOutlets(
        journal=_Silent(outlets.journal.name),
        entries=mute(outlets.entries),
        accounts=mute(outlets.accounts),
        resyncs=mute(outlets.resyncs),
        budgets=mute(outlets.budgets),
        board=_Silent(outlets.board.name),
    )


@final
class _Silent:
    """Takes everything; says nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def send(self, message: Any) -> None:
        """Nobody hears."""
