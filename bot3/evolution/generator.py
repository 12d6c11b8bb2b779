"""StrategyGenerator: new genomes from nothing, and from two others.

Trees, their growth and their crossover are DEAP's strongly typed ones. DEAP draws from the
interpreter's own dice: they are lent to it, seeded, and given back as they were.

Invariant: every genome made is well typed and not larger than `size_max`; the same seed makes the
same genomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from attrs import define, field, frozen

from bot3.strategies.genome import AND, ARITY, DEPTH_MAX, NOT, OR, RULE, Genome, Leaf, leaf_of

QUANTILES: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
_HEIGHT: Final = (1, 4)
_CROSSED: Final = 0.8


@frozen
class _Rule:
    """The type of a whole strategy."""


@frozen
class _Condition:
    """The type of what is true or not."""


@contextmanager
def _lent(gp: Any, seed: int) -> Iterator[None]:
    """DEAP draws from a stream of `seed`; everybody else's dice are as before afterwards."""
    before = gp.random.getstate()
    gp.random.seed(seed)
    try:
        yield
    finally:
        gp.random.setstate(before)


@define
class StrategyGenerator:
    """`levels`: the numbers with which each feature may be compared, rising; `mutation_rate`: the
    chance that a gene changes.
    """

    levels: Mapping[str, Sequence[float]]
    mutation_rate: float
    size_max: int = 40
    _nodes: dict[str, Any] = field(init=False, factory=dict)
    _set: Any = field(init=False, default=None)
    _gp: Any = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        from deap import gp

        self._gp, self._set = gp, gp.PrimitiveSetTyped(RULE, [], _Rule)
        condition = _Condition
        self._set.addPrimitive(_never_called, [condition, condition], _Rule, name=RULE)
        for join in (AND, OR, NOT):
            self._set.addPrimitive(
                _never_called, [condition] * ARITY[join], condition, name=f"_{join}"
            )
        for feature, levels in self.levels.items():
            for level in levels:
                for is_above in (False, True):
                    leaf = Leaf(feature, is_above, float(np.float32(level)))
                    if leaf.token not in self._set.context:
                        self._set.addTerminal(leaf, condition, name=leaf.token)
        every = (*self._set.primitives.values(), *self._set.terminals.values())
        self._nodes = {node.name.removeprefix("_"): node for kind in every for node in kind}

    def new(self, count: int, seed: int) -> list[Genome]:
        """From nothing."""
        gp = self._gp
        with _lent(gp, seed):
            return [self._sized(lambda: gp.genGrow(self._set, *_HEIGHT)) for _ in range(count)]

    def children(self, parents: Sequence[tuple[Genome, Genome]], seed: int) -> list[Genome]:
        """One of each pair: crossed, then mutated."""
        with _lent(self._gp, seed):
            return [self._child(one, other) for one, other in parents]

    def _child(self, one: Genome, other: Genome) -> Genome:
        gp = self._gp

        def made() -> Any:
            tree = self._tree(one)
            if gp.random.random() < _CROSSED:
                tree, _ = gp.cxOnePoint(tree, self._tree(other))
            if gp.random.random() < self.mutation_rate:
                (tree,) = self._reshaped(tree)
            return self._nudged(tree)

        return self._sized(made)

    def _reshaped(self, tree: Any) -> Any:
        gp = self._gp
        if gp.random.random() < 0.5:
            return gp.mutShrink(tree)
        at = gp.random.randrange(1, len(tree))
        grown = gp.genGrow(self._set, 0, 2, _Condition)
        tree[tree.searchSubtree(at)] = grown
        return (tree,)

    def _nudged(self, tree: Any) -> Any:
        """Each gene may change: a comparison to a level beside it or to any other one, `and` to
        `or` and back.
        """
        dice = self._gp.random
        for at in range(1, len(tree)):
            if dice.random() >= self.mutation_rate:
                continue
            name = tree[at].name.removeprefix("_")
            if name in (AND, OR):
                tree[at] = self._nodes[OR if name == AND else AND]
            elif name not in ARITY:
                tree[at] = self._beside(name) if dice.random() < 0.5 else self._any()
        return tree

    def _any(self) -> Any:
        return self._gp.random.choice(self._set.terminals[_Condition])

    def _beside(self, token: str) -> Any:
        leaf = leaf_of(token)
        levels = [float(np.float32(level)) for level in self.levels[leaf.feature]]
        at = levels.index(leaf.threshold) + self._gp.random.choice((-1, 1))
        level = levels[min(max(at, 0), len(levels) - 1)]
        return self._nodes[Leaf(leaf.feature, leaf.is_above, level).token]

    def _tree(self, genome: Genome) -> Any:
        return self._gp.PrimitiveTree([self._nodes[token] for token in genome.tokens])

    def _sized(self, make: Callable[[], Any], tries: int = 20) -> Genome:
        """The first that is not too large; a small new one where none is."""
        for _ in range(tries):
            tree = self._gp.PrimitiveTree(make())
            if len(tree) <= self.size_max and tree.height < DEPTH_MAX:
                return _genome(tree)
        return _genome(self._gp.PrimitiveTree(self._gp.genGrow(self._set, 1, 1)))


def _genome(tree: Any) -> Genome:
    return Genome(tuple(node.name.removeprefix("_") for node in tree))


def _never_called(*_: Any) -> None:
    """Trees are shapes here; the kernel has the meaning."""
