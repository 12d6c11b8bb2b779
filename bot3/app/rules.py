"""What a configuration key may hold: one rule per key, attached to its type annotation.

Invariant: `take` returns a value of the annotated type or raises `NotAllowedError` with what is
allowed, in words that follow "want". Nothing is converted but a whole number where a float is due.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlsplit

from attrs import frozen

SYMBOL_PATTERN = r"[A-Z0-9]{1,15}/[A-Z0-9]{2,10}"


class NotAllowedError(ValueError):
    """What is allowed instead, in words that follow "want"."""


class Rule(Protocol):
    """One key's check."""

    def take(self, value: object) -> object:
        """The value, of the annotated type; raises `NotAllowedError` with what is allowed."""
        ...


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """`; did you mean x?` for a close name, else the empty string."""
    names = list(known)
    close = difflib.get_close_matches(str(given).lower(), names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@frozen
class Number:
    """A finite float between two bounds, both included unless `is_above`: then low is not."""

    low: float
    high: float
    is_above: bool = False

    @property
    def allowed(self) -> str:
        if self.is_above:
            return f"a number above {self.low:g}, at most {self.high:g}"
        return f"a number from {self.low:g} to {self.high:g}"

    def take(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise NotAllowedError(self.allowed)
        # NaN compares false, and the bounds are finite.
        is_inside = self.low <= value <= self.high and not (self.is_above and value == self.low)
        if not is_inside:
            raise NotAllowedError(self.allowed)
        return float(value)


@frozen
class Whole:
    """An integer between two bounds, both included."""

    low: int
    high: int

    def take(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self._has(value):
            raise NotAllowedError(f"a whole number from {self.low} to {self.high}")
        return value

    def _has(self, value: int) -> bool:
        return self.low <= value <= self.high


@frozen
class WholeOf:
    """One of some integers."""

    choices: tuple[int, ...]

    def take(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value not in self.choices:
            raise NotAllowedError(f"one of {', '.join(map(str, self.choices))}")
        return value


@frozen
class Flag:
    """True or false."""

    def take(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise NotAllowedError("true or false")
        return value


@frozen
class OneOf:
    """One of some words."""

    choices: tuple[str, ...]

    def take(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.choices:
            hint = did_you_mean(value, self.choices) if isinstance(value, str) else ""
            raise NotAllowedError(f"one of {_quoted(self.choices)}{hint}")
        return value


@frozen
class Text:
    """A string that a pattern matches whole; `allowed` says the pattern in words."""

    pattern: str
    allowed: str

    def take(self, value: object) -> str:
        if not isinstance(value, str) or not re.fullmatch(self.pattern, value):
            raise NotAllowedError(self.allowed)
        return value


@frozen
class ListOf:
    """A list of different strings, each by its own rule, between `least` and `most` of them."""

    each: OneOf | Text
    most: int
    least: int = 1

    def take(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple) or not self.least <= len(value) <= self.most:
            raise NotAllowedError(
                f"a list of {self.least} to {self.most}, each {self._each_allowed}"
            )
        taken = []
        for item in value:
            try:
                taken.append(self.each.take(item))
            except NotAllowedError as error:
                raise NotAllowedError(f"a list, each {error}") from None
        if len(set(taken)) != len(taken):
            raise NotAllowedError("a list without repetitions")
        return tuple(taken)

    @property
    def _each_allowed(self) -> str:
        if isinstance(self.each, Text):
            return self.each.allowed
        return f"one of {_quoted(self.each.choices)}"


@frozen
class Url:
    """An absolute URL of one of some schemes, without credentials; may be empty."""

    schemes: tuple[str, ...]
    is_query_allowed: bool = False

    def take(self, value: object) -> str:
        allowed = f"a URL like {self.schemes[0]}://127.0.0.1:9001, or empty"
        if not isinstance(value, str):
            raise NotAllowedError(allowed)
        if value and not self._is_url(value):
            raise NotAllowedError(allowed)
        return value

    def _is_url(self, value: str) -> bool:
        if not value.isascii() or not value.isprintable() or " " in value:
            return False
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            return False
        return (
            parts.scheme in self.schemes
            and bool(parts.hostname)
            and port != 0
            and "@" not in parts.netloc
            and (self.is_query_allowed or not parts.query)
            and not parts.fragment
        )
