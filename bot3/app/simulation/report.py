"""What a simulation says at its end: one JSON object for machines, a few lines for people.

Invariant: everything but the wall-clock figures is a function of code and seed.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
from attrs import Factory, asdict, frozen

from bot3.app.simulation.invariants.jury import Violation
from bot3.app.simulation.scenario import Scenario
from bot3.app.taping import Replayed
from bot3.portfolio.group_figures import GroupFigures

_NS_PER_S: Final = 1_000_000_000
_S_PER_HOUR: Final = 3_600.0
_GIT: Final = Path(__file__).parents[3] / ".git"


@frozen(kw_only=True)
class SimulationResult:
    """Digests and counts of one run. `virtual_s`: from the start to the end, settling included;
    `up_s`: of these, with a bot whose whole tree runs.
    """

    scenario: Scenario
    config_hash: str
    journal_sha256: str
    trace_sha256: str
    orders: int
    fills: int
    crashes: int
    restarts: int
    processes: int
    exits: int
    dead_letters: int
    up_s: float
    events_judged: int
    faults: dict[str, int]
    healing: dict[str, int]
    config_path: Path | None
    violations: tuple[Violation, ...]
    violations_found: int
    last_lines: tuple[str, ...]
    virtual_s: float
    wall_s: float
    replays: tuple[Replayed, ...] = ()
    groups: GroupFigures = Factory(GroupFigures)
    equity_start: Decimal | None = None
    equity_end: Decimal | None = None

    @property
    def is_good(self) -> bool:
        """Nothing was broken, and what was decided again came the same."""
        return not self.violations_found and all(each.is_same for each in self.replays)

    def repeat_command(self) -> str:
        """The one command that gives this run again."""
        scenario = self.scenario
        hours = scenario.duration_s / _S_PER_HOUR
        words = f"python -m bot3 simulate --seed {scenario.seed} --hours {hours:.10g}"
        words += f" --faults {scenario.level.value}"
        words += "" if scenario.world is None else f" --world {scenario.world}"
        return words if self.config_path is None else f"{words} --config {self.config_path}"

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        scenario = self.scenario
        return {
            "seed": scenario.seed,
            "hours": scenario.duration_s / _S_PER_HOUR,
            "faults": scenario.level.value,
            "journal_sha256": self.journal_sha256,
            "trace_sha256": self.trace_sha256,
            "orders": self.orders,
            "fills": self.fills,
            "crashes": self.crashes,
            "restarts": self.restarts,
            "processes": self.processes,
            "exits": self.exits,
            "dead_letters": self.dead_letters,
            "up_s": self.up_s,
            "events_judged": self.events_judged,
            "faults_injected": self.faults,
            "healing_actions": self.healing,
            "violations": [
                {"checker": v.checker, "ts_ns": v.ts_ns, "text": v.text} for v in self.violations
            ],
            "violations_found": self.violations_found,
            "config_hash": self.config_hash,
            "commit": commit(),
            "world": scenario.world,
            "replays": [asdict(each) for each in self.replays],
            "groups": msgspec.structs.asdict(self.groups),
            "equity_start": _number(self.equity_start),
            "equity_end": _number(self.equity_end),
            "wall_s": round(self.wall_s, 3),
            "sim_hours_per_wall_s": round(self.virtual_s / _S_PER_HOUR / self.wall_s, 6),
        }

    def lines(self) -> list[str]:
        """For people; a violation comes with all that is needed to see it again."""
        scenario, pace = self.scenario, self.virtual_s / self.wall_s
        kinds, healing = _counted(self.faults), _counted(self.healing)
        told = f"""\
seed {scenario.seed}  faults {scenario.level.value}  simulated {self.virtual_s:,.0f} s in\
 {self.wall_s:.1f} s ({pace:.0f} s per s)
  up {self.up_s:,.0f} s  orders {self.orders}  fills {self.fills}  processes {self.processes}\
 (crashes {self.crashes}, exits {self.exits})  actor restarts {self.restarts}
  equity of the last process {self.equity_start} to {self.equity_end} (simulated)
  faults {sum(self.faults.values())}: {kinds}
  healing {sum(self.healing.values())}: {healing}
  journal {self.journal_sha256[:16]}  trace {self.trace_sha256[:16]}  events judged\
 {self.events_judged:,}"""
        groups = [f"  {self.groups.words} (simulated)"] if self.groups.outcomes else []
        judged = ["  no violation"] if not self.violations_found else self._violation_lines()
        return [*told.splitlines(), *groups, *(f"  {each.words}" for each in self.replays), *judged]

    def _violation_lines(self) -> list[str]:
        return [
            f"  {self.violations_found} VIOLATIONS",
            *(f"    {v.ts_ns / _NS_PER_S:.6f} {v.checker}: {v.text}" for v in self.violations),
            "  the last events:",
            *(f"    {line}" for line in self.last_lines),
            f"  seed {self.scenario.seed}  commit {commit()}  config {self.config_hash}",
            f"  again: {self.repeat_command()}",
        ]


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in counts.items()) or "none"


def commit(folder: Path = _GIT) -> str:
    """Of the checkout that runs; "unknown" where it is none."""
    try:
        head = (folder / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = folder / name
        if loose.exists():
            return loose.read_text().strip()
        packed = (line.split() for line in (folder / "packed-refs").read_text().splitlines())
        return next((words[0] for words in packed if words[1:] == [name]), "unknown")
    except OSError:
        return "unknown"
