"""`python -m bot3 discover`: searches recorded bars for features that foretell the next return."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from adapters.simulated.bar_file import BarFile, read_bars
from bot3.domain.values import InstrumentId, Symbol, VenueName
from bot3.learning.search import Past, SearchSettings, search
from bot3.market.features import FEATURE_NAMES, WARM_UP_BARS, FeatureEngine
from bot3.market.sample import NO_BOOK
from supervisors.entropy import Entropy

_KEY = InstrumentId(VenueName("recorded"), Symbol("ANY/ANY"))
_NS_PER_S = 1_000_000_000


def show_features(path: Path, seed: int, candidates: int, *, is_json: bool) -> int:
    """The exit code; raises `DataError`."""
    past = past_of(read_bars(path, _KEY.symbol))
    settings = SearchSettings(candidates=candidates)
    found = search(past, Entropy(seed).dice("features").randrange, seed, settings)
    if is_json:
        rows = [{"name": each.name, "agreement": each.agreement} for each in found]
        print(json.dumps({"rows": len(past.closes), "candidates": candidates, "found": rows}))
        return 0
    print(f"{len(past.closes):,} rows, {candidates} candidates, {len(found)} found")
    for each in found:
        print(f"  {each.name:<40} selected in {each.agreement:.0%} of the folds")
    return 0


def past_of(bars: BarFile) -> Past:
    """The columnar features of bars; what a book would say is not in them, and so 0."""
    count = len(bars)
    frame: dict[str, Any] = {
        name: np.asarray(getattr(bars, name), dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume")
    }
    frame["buy_volume"] = frame["volume"] / 2.0  # bars do not say who bought
    frame["open_ns"], frame["trades"] = bars.open_ns, np.zeros(count)
    frame["interval_s"] = np.full(count, bars.interval_ns // _NS_PER_S)
    frame.update((name, np.zeros(count)) for name in NO_BOOK._fields)
    columns = FeatureEngine(_KEY).columns(frame)
    values = np.column_stack([columns[name] for name in FEATURE_NAMES])
    return Past(FEATURE_NAMES, values[WARM_UP_BARS:], frame["close"][WARM_UP_BARS:])
