"""The compiled regime filter is the live one, bar by bar and in any parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot3.backtest.regime_kernel import ColumnarRegimes
from bot3.regime.hamilton import HamiltonSettings
from bot3.regime.learning import LearningFilter


def moves(seed: int, rows: int) -> np.ndarray:
    """Two volatilities in turns, with a few zeros and one wild bar."""
    rng = np.random.default_rng(seed)
    scale = np.where(np.arange(rows) // 40 % 2 == seed % 2, 0.001, 0.006)
    found = rng.standard_t(4, rows) * scale
    found[rng.integers(0, rows, 5)] = 0.0
    found[rng.integers(rows // 2, rows)] = 0.3
    return found


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_it_is_the_streaming_filter(data: Any) -> None:
    given_settings = HamiltonSettings(
        states=data.draw(st.sampled_from([2, 3])),
        degrees_of_freedom=data.draw(st.sampled_from([0.0, 4.0])),
        memory_bars=data.draw(st.sampled_from([10, 100, 5_000])),
        start_bars=data.draw(st.sampled_from([10, 60])),
        prior_bars=data.draw(st.sampled_from([1, 400])),
        trial_bars=data.draw(st.sampled_from([1, 90, 2_000])),
        learns_means=data.draw(st.booleans()),
    )
    rows = data.draw(st.sampled_from([7, 150, 300]))
    returns = moves(data.draw(st.integers(0, 99)), rows)
    live = LearningFilter(given_settings)
    wanted = np.array([live.update(each) for each in returns.tolist()])
    columnar, found, at = ColumnarRegimes(given_settings), [], 0
    while at < rows:
        size = data.draw(st.sampled_from([1, 13, 64, 400]))
        found.append(columnar.take(returns[at : at + size]))
        at += size
    np.testing.assert_allclose(np.concatenate(found), wanted, rtol=0, atol=1e-9)


def test_a_return_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not a finite number"):
        ColumnarRegimes(HamiltonSettings()).take(np.array([0.1, np.nan]))
