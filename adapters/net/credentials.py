"""An account's keys, kept where nothing prints them.

Invariant: no key, secret or passphrase appears in a repr, a str or an error of anything here.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import final


@final
class Credentials:
    """An API key, its secret and, where the venue wants one, a passphrase. Shows none of them.

    `account` names them by a hash of the key.
    """

    __slots__ = ("_api_key", "_passphrase", "_secret")

    def __init__(self, api_key: str, api_secret: str, passphrase: str = "") -> None:
        if not (api_key and api_secret):
            raise ValueError("an API key and its secret are needed; one of them is empty")
        if not (api_key.isascii() and api_key.isprintable()):
            raise ValueError("the API key holds characters that no header can carry")
        self._api_key = api_key
        if not (passphrase.isascii() and (passphrase.isprintable() or not passphrase)):
            raise ValueError("the passphrase holds characters that no header can carry")
        self._secret = api_secret.encode()
        self._passphrase = passphrase

    def __repr__(self) -> str:
        return f"Credentials({self.account})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("credentials are not to be written anywhere")

    @property
    def api_key(self) -> str:
        """For the header or parameter that carries it; nowhere else."""
        return self._api_key

    @property
    def passphrase(self) -> str:
        """For the header or the login that carries it; nowhere else."""
        return self._passphrase

    @property
    def account(self) -> str:
        """The same for the same key, and no way back to it."""
        return hashlib.blake2b(self._api_key.encode(), digest_size=6).hexdigest()

    def sign(self, payload: bytes) -> str:
        """Hexadecimal HMAC-SHA256 of `payload`."""
        return self.digest(payload).hex()

    def digest(self, payload: bytes) -> bytes:
        """HMAC-SHA256 of `payload`."""
        return hmac.new(self._secret, payload, hashlib.sha256).digest()
