"""What `system.risk_tolerance` stands for: numbers, laid between the defaults and the user's own.

Invariant: a tolerance sets only keys of [risk]; whatever a file, the environment or the command
line says goes first. `config/default.toml` has the numbers of `balanced`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_NAMES: Final = (
    "max_position_size", "max_total_exposure", "max_asset_exposure", "max_venue_exposure",
    "max_drawdown", "max_daily_loss", "max_expected_shortfall", "volatility_target",
    "kelly_fraction",
)  # fmt: skip
_NUMBERS: Final = {
    "conservative": (0.01, 0.25, 0.5, 0.5, 0.10, 0.03, 0.01, 0.4, 0.25),
    "balanced": (0.015, 0.375, 0.75, 0.75, 0.15, 0.05, 0.02, 0.8, 0.5),
    "aggressive": (0.02, 0.5, 1.0, 1.0, 0.25, 0.08, 0.04, 1.6, 0.75),
}
TOLERANCES: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        name: MappingProxyType(dict(zip(_NAMES, numbers, strict=True)))
        for name, numbers in _NUMBERS.items()
    }
)


def tolerance_layer(name: object) -> tuple[dict[str, object], str]:
    """The layer and what to call its source; empty for a name that the rules will refuse."""
    numbers = TOLERANCES.get(str(name), {})
    return {"risk": dict(numbers)} if numbers else {}, f'risk_tolerance "{name}"'
