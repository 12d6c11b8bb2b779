"""Healing beyond restarts, as explicit policy. Pure."""
