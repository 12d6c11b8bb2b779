"""Where a strategy wants to be. Pure."""
