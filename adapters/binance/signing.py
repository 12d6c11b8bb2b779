"""Request signing: HMAC-SHA256 over exactly the bytes that are sent (REST) or sorted (WS-API).

Invariant: neither key nor secret appears in a repr, a str or an error of anything here.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import final
from urllib.parse import quote

Param = str | int


@final
class Credentials:
    """An API key and its secret. Shows neither; `account` names the pair by a hash of the key."""

    __slots__ = ("_api_key", "_secret")

    def __init__(self, api_key: str, api_secret: str) -> None:
        if not (api_key and api_secret):
            raise ValueError("an API key and its secret are needed; one of them is empty")
        if not (api_key.isascii() and api_key.isprintable()):
            raise ValueError("the API key holds characters that no header can carry")
        self._api_key = api_key
        self._secret = api_secret.encode()

    def __repr__(self) -> str:
        return f"Credentials({self.account})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("credentials are not to be written anywhere")

    @property
    def api_key(self) -> str:
        """For the header or parameter that carries it; nowhere else."""
        return self._api_key

    @property
    def account(self) -> str:
        """The same for the same key, and no way back to it."""
        return hashlib.blake2b(self._api_key.encode(), digest_size=6).hexdigest()

    def sign(self, payload: bytes) -> str:
        """Hexadecimal HMAC-SHA256 of `payload`."""
        return hmac.new(self._secret, payload, hashlib.sha256).hexdigest()


def query_of(params: Mapping[str, Param]) -> str:
    """`a=1&b=2` in the given order, percent-encoded as UTF-8: what is sent and what is signed."""
    return "&".join(f"{quote(k, safe='')}={quote(str(v), safe='')}" for k, v in params.items())


def signed_query(credentials: Credentials, params: Mapping[str, Param]) -> str:
    """The query string with its signature last (rest-api.md, "Request Security")."""
    query = query_of(params)
    signature = f"signature={credentials.sign(query.encode('ascii'))}"
    return f"{query}&{signature}" if query else signature


def signed_params(credentials: Credentials, params: Mapping[str, Param]) -> dict[str, Param]:
    """WS-API parameters with key and signature (web-socket-api.md).

    Signed is `k=v&…` sorted by name, as raw UTF-8 without percent-encoding.
    """
    whole: dict[str, Param] = {**params, "apiKey": credentials.api_key}
    payload = "&".join(f"{name}={whole[name]}" for name in sorted(whole))
    return {**whole, "signature": credentials.sign(payload.encode())}
