"""The gate: sizes, limits, the sole maker of approved orders. Pure."""
