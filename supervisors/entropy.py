"""The only source of randomness: named streams from one seed.

Invariant: the numbers of a stream depend on the seed and the stream's name alone, so adding a
consumer never changes what another one draws.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from typing import final

Dice = random.Random


def fresh_secret() -> str:
    """Forty-eight hexadecimal digits from the operating system: of no seed, and never logged."""
    return secrets.token_hex(24)


@final
class Entropy:
    """Streams of a seed; without a seed the operating system chooses one, kept in `seed`."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = secrets.randbits(63) if seed is None else seed

    def seed_of(self, name: str) -> int:
        """The 64-bit seed of the stream `name`."""
        digest = hashlib.blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big")

    def dice(self, name: str) -> Dice:
        """A fresh generator at the start of the stream `name`."""
        return random.Random(self.seed_of(name))  # noqa: S311  (simulation and jitter, no secrets)
