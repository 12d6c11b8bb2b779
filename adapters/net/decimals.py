"""The numbers of wires, exactly: texts of decimals and of whole numbers, and back.

Invariant: whatever the wire holds is a finite number, or raises one of `TRANSLATION_ERRORS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from bot3.domain.errors import VenueError

# What the domain raises for values that it refuses; callers at the edge make it an event.
TRANSLATION_ERRORS: Final = (ValueError, ArithmeticError)
_T = TypeVar("_T")
_WHOLE = re.compile(r"[0-9]{1,19}")


def readable(translate: Callable[..., _T], *given: object) -> _T:
    """An answer whose values the domain refuses is the venue's error, not a crash of ours."""
    try:
        return translate(*given)
    except TRANSLATION_ERRORS as error:
        raise VenueError(f"unreadable reply: {error}") from error


def number(text: str) -> Decimal | None:
    """None where the venue says nothing; raises `ValueError` for what is no finite number."""
    if not text:
        return None
    try:
        return finite(Decimal(text))
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number") from None


def whole(text: str) -> int | None:
    """One to nineteen ASCII digits, else None: `isdigit` takes more than `int` does."""
    return int(text) if _WHOLE.fullmatch(text) else None


def finite(value: Decimal) -> Decimal:
    """Itself; raises `ValueError`."""
    if not value.is_finite():
        raise ValueError(f"{value} is no finite number")
    return value


def step(value: Decimal) -> Decimal:
    """A tick or a lot without zeros at its end; raises `ValueError` unless above zero."""
    if finite(value) <= 0:
        raise ValueError(f"{value}: want a number above zero")
    return value.normalize() if value != value.to_integral_value() else value.quantize(Decimal(1))


def plain(value: Decimal) -> str:
    """Digits and a point, without an exponent and without zeros at the end."""
    text = format(finite(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
