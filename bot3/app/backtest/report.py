"""One HTML page of a backtest, with its plots inside: nothing is fetched when it is opened.

Invariant: every text of a file or a user is escaped; plots show at most `_POINTS` of a curve, each
drawn with its lowest and highest value in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import numpy as np

from bot3.app.backtest.beside import by_month, percent
from bot3.app.backtest.made import Marked
from bot3.app.backtest.page import STYLE, table
from bot3.backtest.result import BacktestResult
from bot3.domain.bars import Floats
from bot3.domain.values import Side

_WIDTH, _HEIGHT, _POINTS = 960, 220, 480
_MARKS_MAX: Final = 400


def html_report(figures: dict[str, Any], result: BacktestResult, runs: Sequence[Marked]) -> str:
    """The page."""
    title = f"{figures['strategy']} on {', '.join(figures['symbols'])}"
    parts = [
        f"<h1>{escape(title)}</h1><p>replayed; fees and slippage are in every figure</p>",
        *(f'<p class="note">{escape(words)}</p>' for words in figures["warnings"]),
        '<div class="columns">',
        table("Figures", ("", ""), _figures(figures)),
        table(
            "Baselines", ("", "return"), [(k, percent(v)) for k, v in figures["baselines"].items()]
        ),
        table("Cost ladder", ("costs", "bars late", "return"), _ladder(figures)),
        "</div>",
        _plot("Equity", result.curve.equity.drawn, "#2563ab"),
        _plot("Drawdown", result.curve.fallen.drawn, "#c23b3b"),
        *(_prices(run) for run in runs),
        '<div class="columns">',
        table("Months", ("month", "return"), _months(result)),
        *(_regimes(run) for run in runs),
        "</div>",
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>"


def _figures(figures: dict[str, Any]) -> list[tuple[str, str]]:
    shares = ("total_return", "annual_return", "max_drawdown", "exposure", "win_rate")
    plain = (
        "final_equity",
        "fees",
        "funding",
        "sharpe",
        "sortino",
        "calmar",
        "profit_factor",
        "expectancy",
    )
    rows = [(name, percent(figures[name])) for name in shares]
    rows += [(name, _number(figures[name])) for name in plain]
    rows += [
        (name, f"{figures[name]:,}") for name in ("orders", "bars", "ticks") if name in figures
    ]
    told = figures["growth_per_day_interval"]
    interval = "-" if told is None else f"{told[0]:.4%} to {told[1]:.4%}"
    return [
        *((name.replace("_", " "), value) for name, value in rows),
        ("growth a day, 95 %", interval),
    ]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.4g}"


def _ladder(figures: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (f"{rung['costs']:g} x", str(rung["bars_late"]), percent(rung["total_return"]))
        for rung in figures["cost_ladder"]
    ]


def _months(result: BacktestResult) -> list[tuple[str, str]]:
    curve = result.curve
    return [(month, percent(value)) for month, value in by_month(curve.eve_ns, curve.eve_equity)]


def _regimes(run: Marked) -> str:
    if not run.regimes:
        return ""
    rows = [(name, f"{count:,}", percent(np.expm1(grown))) for name, count, grown in run.regimes]
    return table(f"Regimes, {run.name}", ("state", "bars", "return"), rows)


def _thinned(values: Floats) -> tuple[Floats, Floats]:
    """Places and values of at most two points a bucket: its lowest and its highest."""
    if len(values) <= _POINTS:
        return np.arange(len(values), dtype=np.float64), values
    places: list[int] = []
    for part in np.array_split(np.arange(len(values)), _POINTS // 2):
        inside = values[part]
        places += sorted({int(part[inside.argmin()]), int(part[inside.argmax()])})
    return np.array(places, dtype=np.float64), values[places]


def _line(values: Floats, color: str) -> str:
    at, shown = _thinned(values)
    low, high = float(values.min()), float(values.max())
    x, y = at / max(len(values) - 1, 1) * _WIDTH, _height_of(shown, low, high)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline fill="none" stroke="{color}" stroke-width="1.3" points="{points}"/>'


def _height_of(values: Floats, low: float, high: float) -> Floats:
    return np.asarray(_HEIGHT - 8 - (values - low) / ((high - low) or 1.0) * (_HEIGHT - 16))


def _plot(title: str, values: Floats, color: str, marks: str = "") -> str:
    low, high = float(values.min()), float(values.max())
    labels = (
        f'<text x="6" y="14" font-size="11">{_number(high)}</text>'
        f'<text x="6" y="{_HEIGHT - 4}" font-size="11">{_number(low)}</text>'
    )
    box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none"'
    return f"<h2>{escape(title)}</h2><svg {box}>{_line(values, color)}{marks}{labels}</svg>"


def _prices(run: Marked) -> str:
    """Closes, and where was bought and sold; of many fills the last ones."""
    prices, shown = run.prices, run.fills[-_MARKS_MAX:]
    drawn, times = prices.drawn, prices.times_ns
    low, high = float(drawn.min()), float(drawn.max())
    marks = []
    for fill in shown:
        at = int(np.searchsorted(times, fill.ts_venue_ns))
        x = at / max(len(times) - 1, 1) * _WIDTH
        y = float(_height_of(np.array([float(fill.price.amount)]), low, high)[0])
        side = "up" if fill.side is Side.BUY else "down"
        marks.append(f'<circle class="{side}" cx="{x:.1f}" cy="{y:.1f}" r="2.4"/>')
    cut = (
        ""
        if len(shown) == len(run.fills)
        else f", the last {len(shown)} of {len(run.fills):,} fills"
    )
    return _plot(f"{run.name}{cut}", drawn, "#5b6b7b", "".join(marks))
