"""A sweep over seeds from the command line; see `sweep`."""

from __future__ import annotations

import sys
import time
from collections import Counter

import click

from bot3.app.simulation.scenario import FaultLevel
from bot3.portfolio.group_figures import GroupFigures, together
from tests.simulation.mutants import MUTANTS
from tests.simulation.sweep import ARBITRAGE, TRIANGLES, Sweep, fresh_seeds, run_seeds, spare_jobs


@click.command()
@click.option("--seeds", "span", default="1-20", help="FIRST-LAST, both included.")
@click.option(
    "--fresh", type=click.IntRange(1), help="So many seeds that nobody has seen, instead."
)
@click.option("--seconds", default=180.0, help="Virtual seconds with faults.")
@click.option("--faults", type=click.Choice([level.value for level in FaultLevel]), default="storm")
@click.option("--mutant", type=click.Choice(sorted(MUTANTS)))
@click.option("--jobs", default=spare_jobs())
@click.option("--arbitrage", is_flag=True, help="Three venues, and whatever clears is traded.")
@click.option("--triangles", is_flag=True, help="One venue, low fees: loops of three.")
def main(
    *,
    span: str,
    fresh: int | None,
    seconds: float,
    faults: str,
    mutant: str | None,
    jobs: int,
    arbitrage: bool,
    triangles: bool,
) -> None:
    """Exits with 1 where a seed broke an invariant."""
    seeds = fresh_seeds(fresh) if fresh else span_of(span)
    print(f"seeds {seeds[0]} to {seeds[-1]}", flush=True)
    keys = TRIANGLES if triangles else ARBITRAGE if arbitrage else ()
    level = FaultLevel(faults)
    sweep = Sweep(seconds, level, mutant, keys=keys, is_one_venue=triangles)
    started_s, bad, virtual_s = time.perf_counter(), 0, 0.0
    counts: Counter[str] = Counter()
    groups: list[GroupFigures] = []
    for result in run_seeds(sweep, seeds, jobs):
        virtual_s += result.virtual_s
        groups.append(result.groups)
        counts.update(orders=result.orders, crashes=result.crashes, restarts=result.restarts)
        counts.update({f"fault {kind}": count for kind, count in result.faults.items()})
        counts.update({f"healing {kind}": count for kind, count in result.healing.items()})
        if not result.is_good:
            bad += 1
            print("\n".join(result.lines()), flush=True)
    wall_s = time.perf_counter() - started_s
    print(
        f"{len(seeds)} seeds of {faults}: {bad} bad; {virtual_s:,.0f} s in {wall_s:,.0f} s"
        f" ({virtual_s / wall_s:.0f} s per s over {jobs} processes)"
    )
    print(", ".join(f"{what} {count:,}" for what, count in sorted(counts.items())))
    if keys:
        print(together(groups).words)
    sys.exit(1 if bad else 0)


def span_of(text: str) -> list[int]:
    """`3-5` is 3, 4, 5; `3` is 3."""
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


if __name__ == "__main__":
    main()
