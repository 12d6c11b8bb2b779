"""`python -m bot3`."""

from __future__ import annotations

import gc
from typing import Final

# What is imported lives on: at Python's own 700 objects a sixth of the start goes into looking
# for garbage among them.
_OBJECTS_PER_COLLECTION: Final = 20_000
gc.set_threshold(_OBJECTS_PER_COLLECTION)

from bot3.app.cli import cli  # noqa: E402  (the collector first)


def main() -> None:
    """Runs the command line; exits with its code."""
    cli(prog_name="bot3")


if __name__ == "__main__":
    main()
