"""Statistics as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_SHARES: Final = {
    "total_return",
    "mean",
    "volatility",
    "value_at_risk",
    "expected_shortfall",
    "max_drawdown",
    "annual_return",
    "annual_volatility",
    "probabilistic_sharpe",
    "deflated_sharpe",
    "exposure",
    "win_rate",
    "growth_per_day",
    "probability",
    "loss",
}


def stats_table(found: Mapping[str, Any], indent: str = "") -> str:
    """A name and its value a line; what could not be said has a dash."""
    lines = []
    for name, value in found.items():
        if name == "notes":
            lines += [f"{indent}note: {note}" for note in value]
        elif isinstance(value, Mapping):
            lines += [f"{indent}{_words(name)}", stats_table(value, indent + "  ")]
        else:
            lines.append(f"{indent}{_words(name):<24}{_shown(name, value)}")
    return "\n".join(lines)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(name: str, value: object) -> str:
    match value:
        case None:
            return "-"
        case [float() as low, float() as high]:
            return f"{_shown(name, low)} to {_shown(name, high)}"
        case bool():
            return "yes" if value else "no"
        case float() if name in _SHARES:
            return f"{value:.4%}"
        case float():
            return f"{value:.6g}"
        case _:
            return str(value)
