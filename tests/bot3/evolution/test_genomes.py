"""Genomes: text that is read back, well-typed children, dice that are given back."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot3.domain.errors import DataError
from bot3.evolution.generator import StrategyGenerator
from bot3.strategies.genome import NAMES, Leaf, genome_of, leaf_of

LEVELS = {name: [-1.5, 0.0, 0.25, 3e-7] for name in NAMES}


def generator(rate: float = 0.3, size_max: int = 25) -> StrategyGenerator:
    return StrategyGenerator(LEVELS, rate, size_max)


@given(st.integers(0, 2**32))
def test_every_child_is_well_typed_and_reads_back(seed: int) -> None:
    made = generator()
    parents = made.new(6, seed)
    children = made.children([(parents[at], parents[-1 - at]) for at in range(6)], seed + 1)
    for genome in (*parents, *children):
        assert genome_of(genome.text, NAMES) == genome
        assert len(genome) <= 25
        assert genome.expression.startswith("enter when ")


def test_the_same_seed_makes_the_same_and_nobody_elses_dice_move() -> None:
    random.seed(7)
    before = random.getstate()
    one, other = generator(), generator()
    parents = one.new(20, 5)
    assert parents == other.new(20, 5) != one.new(20, 6)
    pairs = list(zip(parents, reversed(parents), strict=True))
    assert one.children(pairs, 9) == other.children(pairs, 9)
    assert random.getstate() == before


def test_without_mutation_children_have_their_parents_genes() -> None:
    made = generator(rate=0.0)
    parents = made.new(30, 3)
    for child in made.children([(parents[at], parents[at + 1]) for at in range(29)], 4):
        assert set(child.tokens) <= {token for genome in parents for token in genome.tokens}


@given(st.floats(-1e6, 1e6, width=32), st.booleans())
def test_thresholds_keep_every_digit(threshold: float, is_above: bool) -> None:
    leaf = Leaf("rsi_14", is_above, float(np.float32(threshold)))
    assert leaf_of(leaf.token) == leaf


@pytest.mark.parametrize(
    "text",
    ["", "rule", "rule rsi_14<30", "rsi_14<30", "rule rsi_14<30 rsi_14>70 rsi_14>70",
     "rule rule rsi_14<30 rsi_14<1 rsi_14<30", "rule rsi_14=30 rsi_14>70", "rule x<1 rsi_14>70"],
)  # fmt: skip
def test_what_is_no_genome_says_so(text: str) -> None:
    with pytest.raises(DataError, match=r"genome|condition|feature"):
        genome_of(text, NAMES)


def test_words_for_people() -> None:
    text = "rule and rsi_14<30 not volatile>0.5 or volatile<0.5 ema_distance>0.001"
    words = "enter when rsi_14 < 30 and not volatile; leave when calm or ema_distance > 0.001"
    assert genome_of(text, NAMES).expression == words
