"""Simulated worlds as files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bot3.domain.bars import Bars
from bot3.evolution.worlds import null_world, planted_world

YEAR = 8_760  # hours
FOUND = 1_002  # a seed whose plant is found with every seed of the search that was tried


def write(bars: Bars, path: Path) -> Path:
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    pd.DataFrame({"timestamp": bars.open_ns // 1_000_000, **columns}).to_parquet(path)
    return path


def planted(directory: Path) -> Path:
    return write(planted_world(YEAR, FOUND, 0.12), directory / "BTC_USDT-1h.parquet")


def null(directory: Path) -> Path:
    return write(null_world(3_000, 5), directory / "ETH_USDT-1h.parquet")
