"""Request parameters: as sent, read with Binance's syntax checks, and what of them is signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import final
from urllib.parse import unquote_plus

import msgspec

from adapters.simulated.binance.errors import ApiError, illegal, missing, too_precise

AUTH_NAMES = frozenset({"timestamp", "recvWindow", "signature", "apiKey"})
_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_INTEGER = r"^[0-9]{1,20}$"
_CLIENT_ID = r"^[a-zA-Z0-9-_]{1,36}$"
_DECIMALS_MAX = 8


@final
class Params:
    """Names and texts. `signed` is the payload of the signature."""

    def __init__(self, values: Mapping[str, str], signed: bytes = b"") -> None:
        self.values = dict(values)
        self.signed = signed

    def has(self, name: str) -> bool:
        """True where it was sent."""
        return name in self.values

    def optional(self, name: str) -> str | None:
        """None where it was not sent; raises `ApiError` -1105 where it is empty."""
        value = self.values.get(name)
        if value == "":
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        return value

    def text(self, name: str) -> str:
        """Raises `ApiError` -1102 where it is missing or empty."""
        value = self.values.get(name)
        if not value:
            raise missing(name)
        return value

    def integer(self, name: str) -> int | None:
        """Raises `ApiError` -1100 for anything but digits."""
        value = self.optional(name)
        if value is None:
            return None
        if not re.match(_INTEGER, value):
            raise illegal(name, _INTEGER)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        """The parameter `limit`, cut to `most`."""
        value = self.integer("limit")
        if value == 0:
            raise illegal("limit", _INTEGER)
        return default if value is None else min(value, most)

    def decimal(self, name: str) -> Decimal:
        """Plain digits, eight decimals at most; raises `ApiError` -1102, -1100, -1111."""
        value = self.text(name)
        if not re.match(_DECIMAL, value):
            raise illegal(name, _DECIMAL)
        if len(value.partition(".")[2].rstrip("0")) > _DECIMALS_MAX:
            raise too_precise(name)
        return Decimal(value)

    def client_id(self, name: str) -> str | None:
        """An order's client id, by its pattern."""
        value = self.optional(name)
        if value is not None and not re.match(_CLIENT_ID, value):
            raise illegal(name, _CLIENT_ID)
        return value

    def refuse_unknown(self, allowed: frozenset[str]) -> None:
        """Raises `ApiError` -1104 for names that nobody reads."""
        unread = [name for name in self.values if name not in allowed]
        if unread:
            sent = len(self.values)
            raise ApiError(
                -1104,
                f"Not all sent parameters were read; read '{sent - len(unread)}' parameter(s) "
                f"but was sent '{sent}'.",
            )


def rest_params(query: str, body: bytes) -> Params:
    """From the raw query and form body: the query wins; raises `ApiError` -1101 for doubles."""
    form = body.decode("latin-1")
    values: dict[str, str] = {}
    for part in (form, query):
        seen: set[str] = set()
        for pair in filter(None, part.split("&")):
            name, _, value = pair.partition("=")
            name = unquote_plus(name)
            if name in seen:
                raise ApiError(-1101, "Duplicate values for a parameter detected.")
            seen.add(name)
            values[name] = unquote_plus(value)
    signed = _without_signature(query) + _without_signature(form)
    return Params(values, signed.encode("latin-1"))


def ws_params(raw: Mapping[str, msgspec.Raw]) -> Params:
    """From a JSON object: texts as they are, everything else by its JSON text."""
    values = {name: _text_of(value) for name, value in raw.items()}
    signed = "&".join(f"{k}={v}" for k, v in sorted(values.items()) if k != "signature")
    return Params(values, signed.encode())


def _without_signature(text: str) -> str:
    return "&".join(pair for pair in text.split("&") if not pair.startswith("signature="))


def _text_of(value: msgspec.Raw) -> str:
    text = bytes(value).decode()
    if text.startswith('"'):
        decoded: str = msgspec.json.decode(value)
        return decoded
    return text
