"""Actors and supervision on Trio. Knows nothing about trading."""
