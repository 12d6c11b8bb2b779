"""What a search tells: lines for people, files of what it found.

Invariant: nothing is called proven here; the figures say what was tested, and how often.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from attrs import asdict

from bot3.app.backtest.beside import percent
from bot3.backtest.validation.court import Judged
from bot3.backtest.validation.zones import Zones
from bot3.domain.errors import UnavailableError
from bot3.strategies.genome import Genome


def zone_words(zones: Zones) -> dict[str, list[str]]:
    """Times of each zone, ISO."""
    return {name: [_time(start), _time(end)] for name, (start, end) in asdict(zones).items()}


def _time(ns: int) -> str:
    return str(pd.Timestamp(ns, unit="ns", tz="UTC").isoformat(timespec="seconds"))


def lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """For people."""
    trials = figures["trials"]
    yield f"evolved on {', '.join(figures['symbols'])} (replayed), run {figures['run']}"
    for name, (start, end) in figures["zones"].items():
        yield f"{name:<12}{start} to {end}"
    yield (
        f"{figures['evaluated']:,} strategies in {figures['generations']} generations,"
        f" {figures['evals_per_s']:,.0f} a second; {trials['before']:,} were tried on this data"
        f" before; they count as {trials['effective']:.0f} different ones"
    )
    rejected = ", ".join(f"{name} {count:,}" for name, count in figures["rejected"].items())
    yield f"rejected: {rejected or 'none'}"
    for place, each in enumerate(figures["promoted"], 1):
        yield f"promoted {place}: {each['expression']}"
        yield (
            f"  in sample {_figures(each['in_sample'])}; hold-out {_figures(each['out_of_sample'])}"
        )
        values = ", ".join(f"{name} {value:.3f}" for name, value in each["p_values"].items())
        yield f"  p-values: {values}; deflated Sharpe ratio {each['dsr']:.3f}"
    if not figures["promoted"]:
        yield "nothing is promoted: nothing here is shown to be better than luck"
    for warning in figures["warnings"]:
        yield f"note: {warning}"


def promoted_json(judged: Judged[Genome]) -> dict[str, Any]:
    """For the command's output."""
    genome = judged.candidate
    return {"genome": genome.text, "expression": genome.expression, **evidence_json(judged)}


def evidence_json(judged: Judged[Any]) -> dict[str, Any]:
    """What is known of a candidate, whatever it is."""
    return {
        "in_sample": judged.in_sample,
        "selection": judged.selection,
        "out_of_sample": judged.out_of_sample,
        "p_values": judged.p_values,
        "dsr": judged.dsr,
    }


def _figures(found: Mapping[str, float]) -> str:
    return (
        f"{percent(found['total_return'])} ({percent(found['timing_return'])} by timing,"
        f" {found['trades']:,} trades, drawdown {percent(found['max_drawdown'])})"
    )


def export(directory: Path, promoted: Sequence[Judged[Genome]], figures: Mapping[str, Any]) -> None:
    """Everything as JSON, and each promoted strategy as a file for `backtest --strategy`."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "search.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
        for place, each in enumerate(promoted, 1):
            body = {"genome": each.candidate.text, "expression": each.candidate.expression}
            (directory / f"evolved-{place}.json").write_text(json.dumps(body), encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"--export {directory}: {error.strerror or error}") from None
