"""`python -m bot3`."""

from __future__ import annotations

from bot3.app.cli import cli


def main() -> None:
    """Runs the command line; exits with its code."""
    cli(prog_name="bot3")


if __name__ == "__main__":
    main()
