"""A metrics registry whose names are rendered once, at creation.

Invariant: a scrape formats only numbers (prometheus_client takes 5 ms and more for 500 samples and
blocks the loop; this takes about 0.2 ms); the series of a family never exceed `SERIES_MAX`.
The text is Prometheus' exposition format 0.0.4.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Generic, TypeVar, final

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SERIES_MAX = 200
OVERFLOW = "other"

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*")
_SPECIAL = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}

Labels = Mapping[str, str]
NO_LABELS: Labels = MappingProxyType({})


def _number(value: float) -> str:
    text = repr(value)
    return _SPECIAL.get(text, text)


@final
class Counter:
    """A total that only grows."""

    __slots__ = ("_prefix", "value")

    def __init__(self, name: str, labels: Labels) -> None:
        self._prefix = _sample(name, labels)
        self.value: float = 0

    def inc(self, amount: float = 1) -> None:
        """Adds; raises `ValueError` for a negative amount."""
        if amount < 0:
            raise ValueError(f"a counter cannot fall by {-amount}")
        self.value += amount

    def reach(self, total: float) -> None:
        """Takes over a total counted elsewhere; a smaller one changes nothing."""
        self.value = max(self.value, total)

    def render(self, lines: list[str]) -> None:
        """Appends its samples."""
        lines.append(self._prefix + _number(self.value))


@final
class Gauge:
    """A value that goes up and down."""

    __slots__ = ("_prefix", "value")

    def __init__(self, name: str, labels: Labels) -> None:
        self._prefix = _sample(name, labels)
        self.value: float = 0

    def set(self, value: float) -> None:
        """Replaces it."""
        self.value = value

    def render(self, lines: list[str]) -> None:
        """Appends its samples."""
        lines.append(self._prefix + _number(self.value))


@final
class Histogram:
    """Counts of observations at or below fixed bounds."""

    __slots__ = ("_bounds", "_count_prefix", "_counts", "_prefixes", "_sum_prefix", "total")

    def __init__(self, name: str, labels: Labels, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0
        edges = [*map(_number, map(float, bounds)), "+Inf"]
        self._prefixes = [_sample(f"{name}_bucket", {**labels, "le": edge}) for edge in edges]
        self._sum_prefix = _sample(f"{name}_sum", labels)
        self._count_prefix = _sample(f"{name}_count", labels)

    def observe(self, value: float) -> None:
        """Counts one observation."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def render(self, lines: list[str]) -> None:
        """Appends its samples."""
        count = 0
        for prefix, more in zip(self._prefixes, self._counts, strict=True):
            count += more
            lines.append(prefix + repr(count))
        lines.append(self._sum_prefix + _number(self.total))
        lines.append(self._count_prefix + repr(count))


Series = TypeVar("Series", Counter, Gauge, Histogram)


class _Family(Generic[Series]):
    """All series of one name."""

    def __init__(self, name: str, kind: str, text: str, shape: tuple[object, ...]) -> None:
        self.shape = shape
        escaped = text.replace("\\", r"\\").replace("\n", r"\n")
        self.header = f"# HELP {name} {escaped}\n# TYPE {name} {kind}"
        self.series: dict[tuple[str, ...], Series] = {}


@final
class Registry:
    """Makes series and renders them all.

    Asking again for the same name and labels gives the same series, so that a restarted actor goes
    on counting. Beyond `SERIES_MAX` label sets of a name, further ones share one labeled "other".
    """

    def __init__(self) -> None:
        self._counters: dict[str, _Family[Counter]] = {}
        self._gauges: dict[str, _Family[Gauge]] = {}
        self._histograms: dict[str, _Family[Histogram]] = {}
        self._names: set[str] = set()

    def counter(self, name: str, text: str, labels: Labels = NO_LABELS) -> Counter:
        """The counter of this name (ends in `_total`) and labels; raises `ValueError`."""
        family = self._family(self._counters, "counter", name, text, tuple(labels))
        key, bound = _key(family, labels)
        if key not in family.series:
            family.series[key] = Counter(name, bound)
        return family.series[key]

    def gauge(self, name: str, text: str, labels: Labels = NO_LABELS) -> Gauge:
        """The gauge of this name and labels; raises `ValueError`."""
        family = self._family(self._gauges, "gauge", name, text, tuple(labels))
        key, bound = _key(family, labels)
        if key not in family.series:
            family.series[key] = Gauge(name, bound)
        return family.series[key]

    def histogram(
        self, name: str, text: str, bounds: Sequence[float], labels: Labels = NO_LABELS
    ) -> Histogram:
        """The histogram of this name and labels, with rising bounds; raises `ValueError`."""
        edges = tuple(bounds)
        if not edges or any(a >= b for a, b in itertools.pairwise(edges)):
            raise ValueError(f"{name}: want rising bounds, not {edges}")
        if "le" in labels:
            raise ValueError(f"{name}: the label le is the histogram's own")
        family = self._family(self._histograms, "histogram", name, text, (*labels, edges))
        key, bound = _key(family, labels)
        if key not in family.series:
            family.series[key] = Histogram(name, bound, edges)
        return family.series[key]

    def render(self) -> str:
        """Every family with its HELP and TYPE."""
        lines: list[str] = []
        for families in (self._counters, self._gauges, self._histograms):
            for family in families.values():
                lines.append(family.header)
                for series in family.series.values():
                    series.render(lines)
        lines.append("")
        return "\n".join(lines)

    def _family(
        self,
        families: dict[str, _Family[Series]],
        kind: str,
        name: str,
        text: str,
        shape: tuple[object, ...],
    ) -> _Family[Series]:
        family = families.get(name)
        if family is None:
            self._check_name(name, kind)
            family = families[name] = _Family(name, kind, text, shape)
            self._names.add(name)
        if family.shape != shape:
            raise ValueError(f"{name}: has labels {family.shape}, asked with {shape}")
        return family

    def _check_name(self, name: str, kind: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no metric name")
        if name in self._names:
            raise ValueError(f"{name} exists with another type")
        if (kind == "counter") != name.endswith("_total"):
            raise ValueError(f"{name}: counters, and only they, end in _total")


def _key(family: _Family[Series], labels: Labels) -> tuple[tuple[str, ...], Labels]:
    key = tuple(labels.values())
    if key in family.series or len(family.series) < SERIES_MAX - 1 or not labels:
        return key, labels
    return (OVERFLOW,) * len(labels), dict.fromkeys(labels, OVERFLOW)


def _sample(name: str, labels: Labels) -> str:
    if not labels:
        return f"{name} "
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise ValueError(f"{name}: {label!r} is no label name")
    inside = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inside}}} "


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
