"""Strategies over recorded bars: what they would have done, paid and earned. Pure."""
