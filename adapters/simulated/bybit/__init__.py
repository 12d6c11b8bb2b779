"""Bybit's wire front of the simulated exchange."""
