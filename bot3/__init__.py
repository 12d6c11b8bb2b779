"""The trading system. The map of its rooms is in the README."""
