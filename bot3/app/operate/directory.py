"""Which state directory a command is about, and whether a process uses it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

from bot3.app.config import load_config
from bot3.services.lock import LOCK_NAME


def state_directory(config: Path | None, userdir: Path | None, environ: Mapping[str, str]) -> Path:
    """What `trade` with the same options would use; raises `ConfigError`."""
    if userdir is not None:
        return userdir
    return Path(load_config(config, environ).config.journal.directory)


def is_in_use(directory: Path) -> bool:
    """Whether a process holds the directory's lock."""
    try:
        descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
