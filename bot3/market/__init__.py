"""Bars and features from market data. Pure."""
