"""What an optimization tells: lines, and one HTML page with importance and slices.

Invariant: every text of a file or a user is escaped; the page fetches nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from bot3.app.backtest.beside import percent
from bot3.app.backtest.page import STYLE, table
from bot3.domain.errors import UnavailableError
from bot3.optimize.bayesian import Told

_WIDTH, _HEIGHT = 460, 200
_POINTS_MAX: Final = 2_000


def lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """For people."""
    counts = figures["trials"]
    yield (
        f"{figures['strategy']} on {', '.join(figures['symbols'])} (replayed), run {figures['run']}"
    )
    for name, (start, end) in figures["zones"].items():
        yield f"{name:<12}{start} to {end}"
    yield (
        f"{counts['now']:,} trials by {figures['sampler']}, {figures['infeasible']:,} could not"
        f" be; {counts['before']:,} were tried on this data before; they count as"
        f" {counts['effective']:.0f} different ones"
    )
    for each in figures["best"][:3]:
        yield f"in sample {figures['objective']} {each['value']:.4g}: {_words(each['parameters'])}"
    shares = ", ".join(f"{name} {share:.0%}" for name, share in figures["importance"].items())
    yield f"importance: {shares or 'too few trials'}"
    for each in figures["promoted"]:
        outside = each["out_of_sample"]
        values = ", ".join(f"{name} {value:.3f}" for name, value in each["p_values"].items())
        yield f"promoted: {_words(each['parameters'])}"
        yield (
            f"  hold-out {percent(outside['total_return'])}"
            f" ({percent(outside['timing_return'])} by timing); p-values: {values};"
            f" deflated Sharpe ratio {each['dsr']:.3f}"
        )
    if not figures["promoted"]:
        fallen = ", ".join(f"{name} {count}" for name, count in figures["rejected"].items())
        yield f"nothing is shown to be better than luck ({fallen or 'nothing paid in sample'})"
    for warning in figures["warnings"]:
        yield f"note: {warning}"


def _words(values: Mapping[str, float]) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())


def export(directory: Path, figures: Mapping[str, Any], trials: Sequence[Told]) -> None:
    """Figures as JSON, trials as CSV, and the page."""
    rows = [{**each.parameters, "value": each.value} for each in trials]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "optimize.json").write_text(json.dumps(figures, indent=1), encoding="utf-8")
        pd.DataFrame(rows).to_csv(directory / "trials.csv", index=False)
        (directory / "optimize.html").write_text(_page(figures, trials), encoding="utf-8")
    except OSError as error:
        raise UnavailableError(f"--export {directory}: {error.strerror or error}") from None


def _page(figures: Mapping[str, Any], trials: Sequence[Told]) -> str:
    title = f"{figures['strategy']} on {', '.join(figures['symbols'])}"
    known = [each for each in trials if each.value is not None]
    notes = [*lines(figures)]
    names = sorted({name for each in known for name in each.parameters})
    best = [
        (*(f"{each['parameters'][name]:g}" for name in names), f"{each['value']:.5g}")
        for each in figures["best"]
    ]
    parts = [
        f"<h1>{escape(title)}</h1><p>{_what(figures)}</p>",
        *(f"<p>{escape(line)}</p>" for line in notes[1:]),
        table("Best in sample", (*names, figures["objective"]), best),
        _importance(figures["importance"]),
        _progress(known),
        '<h2>Slices</h2><div class="columns">',
        *(_slice(name, known) for name in names),
        "</div>",
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>"


def _what(figures: Mapping[str, Any]) -> str:
    objective = escape(figures["objective"])
    return f"replayed; {objective} of the zone to search in, fees in every figure"


def _importance(shares: Mapping[str, float]) -> str:
    bars = []
    for at, (name, share) in enumerate(sorted(shares.items(), key=lambda each: -each[1])):
        y = 8 + at * 24
        bars.append(
            f'<rect x="130" y="{y}" width="{300 * share:.1f}" height="16" fill="#2563ab"/>'
            f'<text x="4" y="{y + 12}" font-size="12">{escape(name)}</text>'
            f'<text x="{136 + 300 * share:.1f}" y="{y + 12}" font-size="11">{share:.0%}</text>'
        )
    height = 16 + 24 * len(shares)
    body = "".join(bars) or '<text x="4" y="12" font-size="12">too few trials</text>'
    box = f'viewBox="0 0 {_WIDTH} {height}" style="max-width:{_WIDTH}px"'
    return f"<h2>Importance</h2><svg {box}>{body}</svg>"


def _progress(known: Sequence[Told]) -> str:
    values = np.array([each.value or 0.0 for each in known])
    best = np.maximum.accumulate(values) if len(values) else values
    rise = _line(np.arange(len(best), dtype=np.float64), best)
    return f"<h2>Trials</h2>{_dots(np.arange(len(values), dtype=np.float64), values, rise)}"


def _slice(name: str, known: Sequence[Told]) -> str:
    pairs = [
        (each.parameters[name], each.value or 0.0) for each in known if name in each.parameters
    ]
    where = np.array([pair[0] for pair in pairs])
    values = np.array([pair[1] for pair in pairs])
    return f"<div><h2>{escape(name)}</h2>{_dots(where, values)}</div>"


def _scaled(where: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    def share(column: np.ndarray) -> np.ndarray:
        width = float(np.ptp(column)) or 1.0
        return np.asarray((column - column.min()) / width)

    return 12 + share(where) * (_WIDTH - 24), _HEIGHT - 22 - share(values) * (_HEIGHT - 44)


def _line(where: np.ndarray, values: np.ndarray) -> str:
    if not len(values):
        return ""
    x, y = _scaled(where, values)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline fill="none" stroke="#12805c" points="{points}"/>'


def _dots(where: np.ndarray, values: np.ndarray, beside: str = "") -> str:
    if not len(values):
        return "<p>no trial came to a value</p>"
    shown = slice(-_POINTS_MAX, None)
    x, y = _scaled(where, values)
    dots = "".join(
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="#2563ab" fill-opacity=".55"/>'
        for a, b in zip(x[shown], y[shown], strict=True)
    )
    ends = (
        f'<text x="4" y="{_HEIGHT - 4}" font-size="11">{where.min():g}</text>'
        f'<text x="{_WIDTH - 4}" y="{_HEIGHT - 4}" font-size="11" text-anchor="end">'
        f"{where.max():g}</text>"
        f'<text x="4" y="12" font-size="11">{values.max():.4g}</text>'
    )
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" style="width:{_WIDTH}px"'
    return f"<svg {box}>{dots}{beside}{ends}</svg>"
