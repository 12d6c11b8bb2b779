"""What the user asked for on the command line, as given."""

from __future__ import annotations

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
