"""Limits that follow the market and our own results: they tighten those of the configuration."""
