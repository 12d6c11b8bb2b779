"""Positions, ledger and equity. Pure."""
