"""`python -m bot3`."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line; returns the exit code."""
    return 0


if __name__ == "__main__":
    sys.exit(main())
