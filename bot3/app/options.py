"""What the user asked for on the command line, as given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import frozen


@frozen
class RunOptions:
    """What the user asked for, as given."""

    config: Path | None
    userdir: Path | None
    duration_s: float | None
    is_json: bool
    replay: Path | None
    is_verbose: bool
    is_live: bool = False
    is_confirmed: bool = False
    world: str | None = None
    is_checked: bool = False


@frozen
class VenueOptions:
    """Of `venue`: each key has the environment variable of its secret beside it."""

    config: Path | None
    host: str | None
    ports: Mapping[str, int]
    world: str | None
    replay: Path | None
    write_config: Path | None
    seed: int | None
    key: tuple[str, ...]
    secret_env: tuple[str, ...]
    is_json: bool
    is_verbose: bool
