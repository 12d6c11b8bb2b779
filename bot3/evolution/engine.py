"""EvolutionEngine: islands of genomes, bred generation by generation; asked for children, told
what they are worth.

Invariant: what it does next depends on its seed, its settings and what it was told, in no way on
who evaluated; a search that is resumed from its state is the search that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import numpy as np
from attrs import field, frozen, validators
from numpy.typing import NDArray

from bot3.evolution.generator import StrategyGenerator
from bot3.evolution.ranking import fronts, order_of
from bot3.strategies.genome import Genome

_MIGRANTS: Final = 2
_ISLAND_MIN: Final = 20


@frozen(kw_only=True)
class EvolutionSettings:
    """`population` of all islands together; every `migrate_every` generations the best of each go
    to the next one, and in every one `immigrants` (a share) are new from nothing.
    """

    population: int = field(default=100, validator=validators.ge(8))
    generations: int = field(default=20, validator=validators.ge(1))
    mutation_rate: float = field(default=0.1, validator=[validators.ge(0), validators.le(1)])
    islands: int = field(default=4, validator=validators.ge(1))
    migrate_every: int = field(default=5, validator=validators.ge(1))
    immigrants: float = field(default=0.1, validator=[validators.ge(0), validators.le(1)])
    seed: int = 1

    @property
    def sizes(self) -> list[int]:
        """Of the islands: fewer of them where they would be tiny."""
        count = max(min(self.islands, self.population // _ISLAND_MIN), 1)
        return [len(part) for part in np.array_split(np.arange(self.population), count)]


@frozen(eq=False)
class Score:
    """What a genome is worth: `aims`, more is better in each; the Sharpe ratio a bar of its timing;
    `probes`: where it was at some bars.
    """

    aims: tuple[float, ...]
    sharpe: float
    probes: NDArray[np.uint8]


@final
class EvolutionEngine:
    """One search."""

    def __init__(self, settings: EvolutionSettings, generator: StrategyGenerator) -> None:
        self._settings, self._generator = settings, generator
        self._dice = np.random.default_rng(settings.seed)
        self._islands: list[list[Genome]] = [[] for _ in settings.sizes]
        self._born: list[list[Genome]] = []
        self.scores: dict[str, Score] = {}
        self.generation = 0

    @property
    def is_over(self) -> bool:
        return self.generation >= self._settings.generations

    def ask(self) -> list[Genome]:
        """Those of the next generation that nobody has been told about, each once."""
        if not self._born:
            self._born = [self._next(at) for at in range(len(self._islands))]
        wanted = {genome.text: genome for island in self._born for genome in island}
        return [genome for text, genome in wanted.items() if text not in self.scores]

    def tell(self, scores: Mapping[str, Score]) -> None:
        """Scores of all that was asked for, by text; a generation is over."""
        self.scores |= scores
        for at, born in enumerate(self._born):
            self._islands[at] = self._best([*self._islands[at], *born], self._settings.sizes[at])
        self._born = []
        self.generation += 1
        if self.generation % self._settings.migrate_every == 0:
            self._migrate()

    def best(self, count: int) -> list[Genome]:
        """Of all islands: the first front first, one of each behaviour."""
        everybody = [genome for island in self._islands for genome in island]
        return self._best(everybody, count, is_distinct=True)

    def front(self) -> list[Genome]:
        """Those of all islands whom nobody beats in every aim."""
        everybody = self.best(self._settings.population)
        rank = fronts(self._aims(everybody))
        return [genome for genome, at in zip(everybody, rank, strict=True) if at == 0]

    def _next(self, at: int) -> list[Genome]:
        size, island = self._settings.sizes[at], self._islands[at]
        seed = int(self._dice.integers(2**63))
        if not island:
            return self._generator.new(size, seed)
        new = round(size * self._settings.immigrants)
        # Islands are sorted: the lower of two places won a tournament.
        places = self._dice.integers(len(island), size=(size - new, 2, 2)).min(axis=2)
        pairs = [(island[one], island[other]) for one, other in places.tolist()]
        children = self._generator.children(pairs, seed)
        return children + self._generator.new(new, int(self._dice.integers(2**63)))

    def _best(
        self, genomes: Sequence[Genome], count: int, *, is_distinct: bool = False
    ) -> list[Genome]:
        unique = list({genome.text: genome for genome in genomes}.values())
        if is_distinct:
            unique = self._distinct(unique)
        probes = np.array([self.scores[genome.text].probes for genome in unique])
        order = order_of(self._aims(unique), probes)
        return [unique[at] for at in order[:count].tolist()]

    def _distinct(self, genomes: Sequence[Genome]) -> list[Genome]:
        """Of those that do the same the shortest."""
        found: dict[tuple[float, float], Genome] = {}
        for genome in sorted(genomes, key=lambda each: (len(each), each.text)):
            score = self.scores[genome.text]
            found.setdefault((score.aims[0], score.sharpe), genome)
        return list(found.values())

    def _aims(self, genomes: Sequence[Genome]) -> NDArray[np.float64]:
        return np.array([self.scores[genome.text].aims for genome in genomes])

    def _migrate(self) -> None:
        leaving = [island[:_MIGRANTS] for island in self._islands]
        for at, island in enumerate(self._islands):
            arrived = leaving[at - 1]
            self._islands[at] = self._best([*arrived, *island], self._settings.sizes[at])

    def state(self) -> dict[str, Any]:
        """For JSON, between `tell` and `ask`."""
        return {
            "generation": self.generation,
            "islands": [[genome.text for genome in island] for island in self._islands],
            "dice": self._dice.bit_generator.state,
            "scores": [
                [text, list(score.aims), score.sharpe, "".join(map(str, score.probes.tolist()))]
                for text, score in self.scores.items()
            ],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on where `state` was taken."""
        self.generation = int(state["generation"])
        self._islands = [
            [Genome(tuple(text.split())) for text in island] for island in state["islands"]
        ]
        self._dice.bit_generator.state = dict(state["dice"])
        self.scores = {
            text: Score(tuple(aims), sharpe, np.array([*probes], dtype=np.uint8))
            for text, aims, sharpe, probes in state["scores"]
        }
