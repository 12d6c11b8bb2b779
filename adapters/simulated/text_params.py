"""Request parameters as texts, where empty, null and absent are the same (OKX, Bybit)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol, final
from urllib.parse import unquote

import msgspec

from adapters.net.decimals import whole

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


class Complain(Protocol):
    """Makes a venue's error of a parameter that is missing, or wrong."""

    def __call__(self, name: str, *, is_missing: bool) -> Exception: ...


@final
class Params:
    """Names and values; what cannot be read raises what `complain` makes."""

    def __init__(self, values: Mapping[str, object], complain: Complain) -> None:
        self._values = {name: _text(value) for name, value in values.items()}
        self._lists = {name: value for name, value in values.items() if isinstance(value, list)}
        self._complain = complain

    def get(self, name: str) -> str:
        """Empty where it was not sent."""
        return self._values.get(name, "")

    def needed(self, name: str) -> str:
        """Not empty."""
        value = self.get(name)
        if not value:
            raise self._complain(name, is_missing=True)
        return value

    def number(self, name: str) -> Decimal:
        """A plain decimal above zero."""
        value = self.needed(name)
        number = Decimal(value) if _NUMBER.fullmatch(value) else Decimal(0)
        if number <= 0:
            raise self._complain(name, is_missing=False)
        return number

    def whole(self, name: str, default: int) -> int:
        """Digits."""
        value = self.get(name)
        if not value:
            return default
        number = whole(value)
        if number is None:
            raise self._complain(name, is_missing=False)
        return number

    def each(self, name: str, **shared: str) -> list[Params]:
        """Of a list of objects; what is shared is said for each."""
        items = self._lists.get(name, ())
        if not all(isinstance(item, dict) for item in items):
            raise self._complain(name, is_missing=False)
        return [Params({**item, **shared}, self._complain) for item in items]

    def matching(self, name: str, pattern: re.Pattern[str]) -> str:
        """Empty, or as the pattern wants it."""
        value = self.get(name)
        if value and not pattern.fullmatch(value):
            raise self._complain(name, is_missing=False)
        return value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def query_params(query: str, complain: Complain) -> Params:
    """Of a GET."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return Params({unquote(name): unquote(value) for name, _, value in pairs}, complain)


def body_params(body: bytes, complain: Complain) -> list[Params] | None:
    """Of a POST: an object or a list of them; None for what is neither."""
    try:
        found: Any = msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    items = found if isinstance(found, list) else [found]
    if not all(isinstance(item, dict) for item in items):
        return None
    return [Params(item, complain) for item in items]
