"""No restart storm: a pause after each crash, and not more restarts than declared.

A crash is any end that the actor's supervisor did not order. Between it and the next start, or the
failure of that start, lies at least the declared shortest pause.
Within the declared time less `restart_slack_s` no supervisor starts children after more crashes
than its intensity: it has to give up, and a new incarnation of it counts anew. Where children
restart as a group, crashes that fall together before the group is up again are one.
"""

from __future__ import annotations

from typing import final

from attrs import frozen

from bot3.app.simulation.invariants.events import LifecycleHeard, ProcessStarted, WorldEvent
from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.invariants.settings import InvariantSettings, ns
from supervisors.observe import ActorExited, ActorStarted
from supervisors.restart import ExitReason

# Timers are exact to a nanosecond or two after the float arithmetic of seconds.
_ROUNDING_NS = 1_000


@frozen
class _Crash:
    """An actor's last crash, until it is started again."""

    ts_ns: int
    is_charged: bool


@final
class NoRestartStorm:
    """Remembers each actor of the present process."""

    name = "no_restart_storm"
    hears: tuple[type[WorldEvent], ...] = (ProcessStarted, LifecycleHeard)

    def __init__(self, settings: InvariantSettings) -> None:
        self._pauses_s = settings.restart_pauses_s
        self._supervisor_rules = settings.supervisor_rules
        self._slack_ns = ns(settings.restart_slack_s)
        self._generation = 0
        self._crashes: dict[str, _Crash] = {}
        self._charged_ns: dict[str, list[int]] = {}
        self._restarting: set[str] = set()  # groups with a crash and no start since

    def hear(self, event: WorldEvent) -> list[Violation]:
        texts: list[str] = []
        if isinstance(event, ProcessStarted):
            self._generation = event.generation
            self._crashes.clear()
            self._charged_ns.clear()
            self._restarting.clear()
        elif isinstance(event, LifecycleHeard) and event.generation == self._generation:
            if isinstance(event.event, ActorExited):
                texts = self._exit(event.event, event.ts_ns)
            elif isinstance(event.event, ActorStarted):
                texts = self._start(event.event.path, event.ts_ns)
        return [Violation(self.name, event.ts_ns, text) for text in texts]

    def _exit(self, exited: ActorExited, now_ns: int) -> list[str]:
        path = exited.path
        self._forget_below(path)
        if exited.reason is ExitReason.SHUTDOWN:
            return []
        texts = self._judge(path, now_ns)  # where it was started meanwhile, and failed
        is_charged = self._is_charged(path.rpartition("/")[0], exited.reason)
        self._crashes[path] = _Crash(now_ns, is_charged)
        return texts

    def _is_charged(self, supervisor: str, reason: ExitReason) -> bool:
        rule = self._supervisor_rules.get(supervisor)
        if rule is None or not rule.is_group:
            return True
        is_new = supervisor not in self._restarting or reason is ExitReason.START_FAILED
        self._restarting.add(supervisor)
        return is_new

    def _start(self, path: str, now_ns: int) -> list[str]:
        self._restarting.discard(path.rpartition("/")[0])
        return self._judge(path, now_ns)

    def _forget_below(self, path: str) -> None:
        """A supervisor ended: its next incarnation and its children begin anew."""
        if path not in self._supervisor_rules:
            return
        self._charged_ns.pop(path, None)
        self._restarting.discard(path)
        for below in [each for each in self._crashes if each.startswith(f"{path}/")]:
            del self._crashes[below]

    def _judge(self, path: str, now_ns: int) -> list[str]:
        """It was started again after its last crash, if it had one: now at the latest."""
        crash = self._crashes.pop(path, None)
        if crash is None:
            return []
        texts = self._pause(path, now_ns - crash.ts_ns)
        return [*texts, *self._count(path, crash.ts_ns, now_ns)] if crash.is_charged else texts

    def _pause(self, path: str, pause_ns: int) -> list[str]:
        pause_min_s = self._pauses_s.get(path, 0.0)
        if pause_ns + _ROUNDING_NS >= ns(pause_min_s):
            return []
        started = f"{path}: started {pause_ns / 1e9:.6f} s after a crash"
        return [f"{started}, at least {pause_min_s} s were declared"]

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
