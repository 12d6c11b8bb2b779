"""`python -m bot3`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line; exits with its code.

    Every start is a recovery: whatever the environment says of bytecode, none compiles all modules
    anew, which is a second of it.
    """
    sys.dont_write_bytecode = False
    from bot3.app.cli import cli

    cli(prog_name="bot3")


if __name__ == "__main__":
    main()
