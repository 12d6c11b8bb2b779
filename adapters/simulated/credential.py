"""What the exchange knows of an API key."""

from __future__ import annotations

from attrs import field, frozen


@frozen
class Credential:
    """A key's secret and account; `passphrase` where the venue has one (OKX)."""

    secret: str = field(repr=False)
    account: int
    passphrase: str = field(default="", repr=False)
