"""Request parameters as OKX reads them: empty, null and absent are the same (okx.md, 7.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, final
from urllib.parse import unquote

import msgspec

from adapters.simulated.okx.errors import OkxApiError, bad

_CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_DIGITS = re.compile(r"[0-9]{1,19}")
_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


@final
class Params:
    """Names and values, each as text."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {name: _text(value) for name, value in values.items()}

    def get(self, name: str) -> str:
        """Empty where it was not sent."""
        return self._values.get(name, "")

    def needed(self, name: str) -> str:
        """Raises `OkxApiError` 50014 where it is empty."""
        value = self.get(name)
        if not value:
            raise OkxApiError("50014", f"Parameter {name} can not be empty", status=400)
        return value

    def number(self, name: str) -> Decimal:
        """A plain decimal above zero; raises `OkxApiError` 51000."""
        value = self.needed(name)
        try:
            number = Decimal(value) if _NUMBER.fullmatch(value) else Decimal(0)
        except InvalidOperation:
            raise bad(name) from None
        if number <= 0:
            raise bad(name)
        return number

    def whole(self, name: str, default: int) -> int:
        """Digits; raises `OkxApiError` 51000."""
        value = self.get(name)
        if not value:
            return default
        if not _DIGITS.fullmatch(value):
            raise bad(name)
        return int(value)

    def client_id(self) -> str:
        """Letters and digits, 32 at most; raises `OkxApiError` 51000."""
        value = self.get("clOrdId")
        if value and not _CLIENT_ID.fullmatch(value):
            raise bad("clOrdId")
        return value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def query_params(query: str) -> Params:
    """Of a GET."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return Params({unquote(name): unquote(value) for name, _, value in pairs})


def body_params(body: bytes) -> list[Params]:
    """Of a POST: an object or a list of them; raises `OkxApiError` 50002."""
    try:
        found: Any = msgspec.json.decode(body or b"{}")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raise OkxApiError("50002", "JSON syntax error", status=400) from None
    items = found if isinstance(found, list) else [found]
    if not all(isinstance(item, dict) for item in items):
        raise OkxApiError("50002", "JSON syntax error", status=400)
    return [Params(item) for item in items]
