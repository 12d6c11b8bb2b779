"""Arbitrage between books: what clears all costs, how much of it, and what if a leg fails."""
