"""Starts the bot's process again and again, as a service manager would, and ends it in all ways.

Invariant: one process at a time is alive; every one begins with what the disk holds. Its ends are
told to the jury before the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import trio

from adapters.simulated.disk import Commit, ProcessDisk
from bot3.app.simulation.invariants.events import (
    LifecycleHeard,
    ProcessCrashed,
    ProcessStarted,
    ProcessStopped,
    RecordsLost,
    RecordWritten,
    WorldEvent,
)
from bot3.app.simulation.life import Life, Machine
from bot3.app.simulation.scenario import FaultPlan
from bot3.app.simulation.trace import Trace
from bot3.messages.control import FlattenPositions, HaltTrading, ResumeTrading
from bot3.messages.healing import HealingActed
from supervisors.clock import Clock
from supervisors.entropy import Dice
from supervisors.observe import (
    ActorExited,
    ActorKind,
    ActorRestarted,
    ActorState,
    LifecycleEvent,
    MessageDeadLettered,
    RestartLimitHit,
)
from supervisors.testing import Agenda, CheckpointCrashes
from supervisors.tree import TreeHandle


@final
class MachineRoom:
    """`life` is the present process; `is_closing`: the next end is the last."""

    def __init__(
        self,
        machine: Machine,
        plan: FaultPlan,
        agenda: Agenda,
        clock: Clock,
        trace: Trace,
        hear: Callable[[WorldEvent], None],
    ) -> None:
        self.life: Life | None = None
        self.is_closing = False
        self.is_halted_by_operator = False
        self._generation = 0
        self.lives: list[Life] = []
        self.machine, self._plan = machine, plan
        self._agenda, self._clock, self._trace, self._hear = agenda, clock, trace, hear
        self._dice = machine.entropy.dice("machine room")

    async def run(self) -> None:
        """Until closed; a crashed process's clean-up goes on beside the next one."""
        async with trio.open_nursery() as nursery:
            while not self.is_closing:
                self.life = life = self._next_life()
                nursery.start_soon(life.run, name=f"process {life.generation}")
                await life.ended.wait()
                self._tell_end(life)
                if not self.is_closing:
                    await trio.sleep(self._dice.uniform(*self._plan.restart_delay_s))
            nursery.cancel_scope.cancel()

    def crash(self, dice: Dice) -> None:
        """`kill -9`, or a power loss that takes what was not synced."""
        life = self.life
        if life is None or life.ended.is_set():
            return
        is_power_lost = dice.random() < self._plan.power_loss_share
        kind = "power_loss" if is_power_lost else "process_crash"
        self._trace.fault(kind, f"process {life.generation}")
        self._trace.counts["crashes"] += 1
        life.crash(is_power_lost=is_power_lost)
        if is_power_lost:
            disk = self.machine.disk
            lost = disk.lose_power()
            if lost:
                self._hear(RecordsLost(len(disk.bodies), self._clock.now_ns()))

    def stop_in_order(self, _dice: Dice) -> None:
        """As a service manager that restarts it for an update."""
        life = self.life
        if life is not None and not life.ended.is_set() and life.tree is not None:
            self._trace.fault("orderly_stop", f"process {life.generation}")
            life.stop()

    def halt(self, dice: Dice) -> None:
        """An operator halts trading for a while, at times with all positions sold.

        A process that is down does not hear it.
        """
        is_flattening = dice.random() < self._plan.operator_flatten_share
        command = FlattenPositions if is_flattening else HaltTrading
        if self._command(command("an operator of the simulation")):
            self.is_halted_by_operator = True
            self._trace.fault("operator_flatten" if is_flattening else "operator_halt")
            self._agenda.after(dice.uniform(*self._plan.operator_halt_length_s), self.resume)

    def resume(self) -> None:
        """And opens it again; asked again until a process hears it."""
        if self._command(ResumeTrading("an operator of the simulation")):
            self.is_halted_by_operator = False
        elif not self.is_closing:
            self._agenda.after(1.0, self.resume)

    def _command(self, command: HaltTrading | FlattenPositions | ResumeTrading) -> bool:
        life = self.life
        if life is None or life.ended.is_set() or life.engine is None or life.tree is None:
            return False
        life.engine.core.risk.send(command)
        return True

    def actor_crashes(self, dice: Dice) -> CheckpointCrashes:
        """The instrument that ends random actors at random checkpoints."""
        return CheckpointCrashes(
            dice,
            self._plan.steps_between_actor_crashes,
            tree=lambda: None if self.life is None else self.life.tree,
            victims=_running_actors,
            crashed=lambda path: self._trace.fault("actor_crash", path),
        )

    def _next_life(self) -> Life:
        self._generation += 1
        generation = self._generation
        self._trace.line(f"process {generation} starts")
        self._trace.counts["processes"] += 1
        self._hear(ProcessStarted(generation, self._clock.now_ns()))
        life = Life(self.machine, generation, self._mount(generation))

        self.lives.append(life)

        def heard(event: LifecycleEvent) -> None:
            if not life.is_crashed:
                self._note(event)
                self._hear(LifecycleHeard(generation, self._clock.now_ns(), event))

        life.observer.subscribe(heard)
        return life

    def _mount(self, generation: int) -> ProcessDisk:
        def written(commit: Commit) -> None:
            now_ns = self._clock.now_ns()
            for sequence, record in enumerate(commit.records, commit.first):
                self._trace.line(f"journal {sequence} {type(record).__name__}")
                if isinstance(record, HealingActed):
                    self._trace.healing[record.action.value] += 1
                self._hear(RecordWritten(generation, sequence, now_ns, record, commit.is_synced))

        return self.machine.disk.mount(written)

    def _note(self, event: LifecycleEvent) -> None:
        match event:
            case ActorRestarted():
                self._trace.counts["restarts"] += 1
                self._trace.line(f"restarted {event.path}")
            case ActorExited() if event.error:
                self._trace.line(f"ended {event.path}: {event.error}")
            case MessageDeadLettered():
                self._trace.counts["dead_letters"] += 1
                self._trace.line(f"dead letter of {event.path}: {event.letter.error}")
            case RestartLimitHit():
                self._trace.line(f"too many restarts below {event.path}: {event.child}")
            case _:
                pass

    def _tell_end(self, life: Life) -> None:
        now_ns = self._clock.now_ns()
        if life.is_crashed:
            self._hear(ProcessCrashed(life.generation, now_ns))
        else:
            self._hear(ProcessStopped(life.generation, now_ns))
        if life.failure is not None:
            self._trace.counts["exits"] += 1
            self._trace.line(f"process {life.generation} failed: {_told(life.failure)}")


def _running_actors(tree: TreeHandle) -> list[str]:
    return [
        actor.path
        for actor in tree.snapshot()
        if actor.state is ActorState.RUNNING and actor.kind is not ActorKind.SUPERVISOR
    ]


def _told(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
