"""No restart storm: a pause after each crash in a row, and not more restarts than declared.

A crash is any end that the actor's supervisor did not order. The first of a streak may be restarted
at once; from the second on the declared shortest pause lies between the end and the next start.
Within the declared time less `restart_slack_s` no supervisor starts children after more crashes
than its intensity: it has to give up, and a new incarnation of it counts anew. Where children
restart as a group, crashes that fall together before the group is up again are one.
"""

from __future__ import annotations

from typing import final

from attrs import define

from bot3.app.simulation.invariants.events import LifecycleHeard, ProcessStarted, WorldEvent
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings, ns
from supervisors.observe import ActorExited, ActorStarted
from supervisors.restart import ExitReason

# Timers are exact to a nanosecond or two after the float arithmetic of seconds.
_ROUNDING_NS = 1_000


@define
class _Streak:
    """The crashes in a row of one actor."""

    crashes: int = 0
    crashed_ns: int | None = None
    started_ns: int | None = None
    is_charged: bool = False


@final
class NoRestartStorm:
    """Remembers each actor of the present process."""

    name = "no_restart_storm"
    hears: tuple[type[WorldEvent], ...] = (ProcessStarted, LifecycleHeard)

    def __init__(self, settings: InvariantSettings) -> None:
        self._rules = settings.restart_rules
        self._supervisor_rules = settings.supervisor_rules
        self._slack_ns = ns(settings.restart_slack_s)
        self._generation = 0
        self._streaks: dict[str, _Streak] = {}
        self._charged_ns: dict[str, list[int]] = {}
        self._restarting: set[str] = set()  # groups with a crash and no start since

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        if isinstance(event, ProcessStarted):
            self._generation = event.generation
            self._streaks.clear()
            self._charged_ns.clear()
            self._restarting.clear()
        elif isinstance(event, LifecycleHeard) and event.generation == self._generation:
            if isinstance(event.event, ActorExited):
                texts = self._exit(event.event, event.ts_ns)
            elif isinstance(event.event, ActorStarted):
                texts = self._start(event.event.path, event.ts_ns)
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _exit(self, exited: ActorExited, now_ns: int) -> list[str]:
        path, texts = exited.path, []
        self._forget_below(path)
        if exited.reason is ExitReason.SHUTDOWN:
            return []
        streak = self._streaks.setdefault(path, _Streak())
        if streak.crashed_ns is not None:  # it was started meanwhile, and failed
            texts = self._judge(path, streak, now_ns)
        rule = self._rules.get(path)
        up_ns = 0 if streak.started_ns is None else now_ns - streak.started_ns
        if rule is not None and up_ns >= ns(rule.calm_s):
            streak.crashes = 0
        streak.crashes += 1
        streak.crashed_ns, streak.started_ns = now_ns, None
        streak.is_charged = self._is_charged(path.rpartition("/")[0], exited.reason)
        return texts

    def _is_charged(self, supervisor: str, reason: ExitReason) -> bool:
        rule = self._supervisor_rules.get(supervisor)
        if rule is None or not rule.is_group:
            return True
        is_new = supervisor not in self._restarting or reason is ExitReason.START_FAILED
        self._restarting.add(supervisor)
        return is_new

    def _start(self, path: str, now_ns: int) -> list[str]:
        streak = self._streaks.setdefault(path, _Streak())
        texts = [] if streak.crashed_ns is None else self._judge(path, streak, now_ns)
        streak.crashed_ns, streak.started_ns = None, now_ns
        self._restarting.discard(path.rpartition("/")[0])
        return texts

    def _forget_below(self, path: str) -> None:
        """A supervisor ended: its next incarnation and its children begin anew."""
        if path not in self._supervisor_rules:
            return
        self._charged_ns.pop(path, None)
        self._restarting.discard(path)
        for below in [each for each in self._streaks if each.startswith(f"{path}/")]:
            del self._streaks[below]

    def _judge(self, path: str, streak: _Streak, now_ns: int) -> list[str]:
        """It was started again after its last crash, now at the latest."""
        assert streak.crashed_ns is not None
        texts = self._pause(path, streak.crashes, now_ns - streak.crashed_ns)
        if streak.is_charged:
            texts += self._count(path, streak.crashed_ns, now_ns)
        return texts

    def _pause(self, path: str, crashes: int, pause_ns: int) -> list[str]:
        rule = self._rules.get(path)
        if rule is None or crashes < 2 or pause_ns + _ROUNDING_NS >= ns(rule.pause_min_s):
            return []
        started = f"{path}: started {pause_ns / 1e9:.6f} s after crash {crashes} in a row"
        return [f"{started}, at least {rule.pause_min_s} s were declared"]

    def _count(self, path: str, crashed_ns: int, now_ns: int) -> list[str]:
        """Keeps no more crashes than it takes to find one too many."""
        supervisor = path.rpartition("/")[0]
        rule = self._supervisor_rules.get(supervisor)
        if rule is None:
            return []
        intensity = rule.intensity
        since_ns = now_ns - ns(intensity.within_s) + self._slack_ns
        charged_ns = [*self._charged_ns.get(supervisor, ()), crashed_ns]
        recent_ns = sorted(time_ns for time_ns in charged_ns if time_ns > since_ns)
        self._charged_ns[supervisor] = recent_ns[-intensity.restarts - 1 :]
        if len(recent_ns) <= intensity.restarts:
            return []
        started = f"{supervisor}: starts {path} after {len(recent_ns)} crashes"
        return [f"{started} within {intensity.within_s} s, {intensity.restarts} were declared"]
