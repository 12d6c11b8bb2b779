"""Real market data, modelled fills: no keys, no orders that leave the process."""
