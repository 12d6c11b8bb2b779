"""A search that was interrupted goes on where its last generation ended.

Invariant: a checkpoint belongs to one run: the same data, settings and seed; it is whole or absent.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from bot3.domain.errors import UnavailableError


def run_digest(parts: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits that name a run by what decides its result."""
    body = json.dumps(parts, sort_keys=True).encode()
    return hashlib.blake2b(body, digest_size=8).hexdigest()


@final
class Checkpoint:
    """One run's file in `directory`."""

    def __init__(self, directory: Path, run: str) -> None:
        self._path = directory / f"search-{run}.json"

    def read(self) -> dict[str, Any] | None:
        """None where the run is new, or where the file is none."""
        try:
            found = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def write(self, state: Mapping[str, Any]) -> None:
        """Raises `UnavailableError`."""
        beside = self._path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_text(json.dumps(state), encoding="utf-8")
            beside.replace(self._path)
        except OSError as error:
            raise UnavailableError(f"{self._path}: {error.strerror or error}") from None

    def remove(self) -> None:
        """The run is over."""
        self._path.unlink(missing_ok=True)
