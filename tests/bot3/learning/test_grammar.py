"""The grammar of features: names read back, streaming equals columnar, nothing looks ahead."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.errors import DataError
from bot3.learning.grammar import Candidate, Extension, Rule, candidate_of, column, propose

KNOWN = ("a", "b", "c_1")


def _proposed(seed: int, count: int = 40) -> list[Candidate]:
    return propose(KNOWN, count, random.Random(seed).randrange)


_ROW = st.tuples(*[st.floats(-1e6, 1e6, allow_subnormal=False)] * len(KNOWN))


@given(rows=st.lists(_ROW, min_size=1, max_size=40), seed=st.integers(0, 50))
def test_streaming_equals_columnar(rows: list[tuple[float, ...]], seed: int) -> None:
    candidates = _proposed(seed)
    extension = Extension(KNOWN, candidates)
    streamed = np.array([extension.update(row) for row in rows])
    columns = dict(zip(KNOWN, np.array(rows).T, strict=True))
    assert np.isfinite(streamed).all()
    for at, each in enumerate(candidates):
        np.testing.assert_allclose(streamed[:, at], column(each, columns), rtol=1e-9, atol=1e-9)
        cut = {name: values[: len(rows) // 2 + 1] for name, values in columns.items()}
        np.testing.assert_array_equal(
            column(each, cut), column(each, columns)[: len(rows) // 2 + 1]
        )


@given(st.integers(0, 1_000))
def test_a_name_reads_back(seed: int) -> None:
    candidates = _proposed(seed)
    assert len({each.name for each in candidates}) == len(candidates)
    assert [candidate_of(each.name, KNOWN) for each in candidates] == candidates
    assert not {each.name for each in candidates} & set(KNOWN)


def test_known_values() -> None:
    names = ("lag2(a)", "change1(b)", "a*b", "a/c_1")
    extension = Extension(KNOWN, [candidate_of(name, KNOWN) for name in names])
    assert extension.update((1.0, 2.0, -4.0)) == pytest.approx((1.0, 0.0, 2.0, 0.25))
    assert extension.update((3.0, 5.0, 0.5)) == pytest.approx((1.0, 3.0, 15.0, 6.0))
    assert extension.update((7.0, 5.0, 1.0)) == pytest.approx((1.0, 0.0, 35.0, 7.0))
    assert extension.update((0.0, 0.0, 0.0)) == pytest.approx((3.0, -5.0, 0.0, 0.0))


@pytest.mark.parametrize("name", ["", "a", "lag(a)", "a+b", "lag5(x)", "a*x", "lag5(a)*b"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(DataError, match="feature"):
        candidate_of(name, KNOWN)


def test_there_are_only_so_many_candidates() -> None:
    found = propose(("a",), 100, random.Random(0).randrange)
    assert {each.rule for each in found} == {Rule.LAG, Rule.CHANGE}
    assert len(found) == 10
