"""How a command finds the running process: one file in its state directory, for its owner alone.

Invariant: the token is readable by the owner of the directory only, and in no log and no repr.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import final

from attrs import field, frozen

from bot3.domain.errors import UnavailableError

FILE_NAME = "control.json"


@final
@frozen
class ControlFile:
    """`url` is empty where telemetry is off."""

    url: str
    token: str = field(repr=False)
    process: int

    def write(self, directory: Path) -> None:
        """Replaces the one of an earlier process; raises `UnavailableError`."""
        path = directory / FILE_NAME
        body = {"url": self.url, "token": self.token, "process": self.process}
        try:
            with suppress(FileNotFoundError):
                path.unlink()
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(body, file)
        except OSError as error:
            raise UnavailableError(
                f"control file {path}: cannot be written ({error.strerror}):"
                " free the disk, check its rights"
            ) from None


def read_control_file(directory: Path) -> ControlFile | None:
    """None where no process left one that makes sense."""
    try:
        found = json.loads((directory / FILE_NAME).read_text(encoding="utf-8"))
        return ControlFile(str(found["url"]), str(found["token"]), int(found["process"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_control_file(directory: Path) -> None:
    """At the end of the process; a crash leaves it, and the next one replaces it."""
    with suppress(OSError):
        (directory / FILE_NAME).unlink()
