"""OKX's wire front of the simulated exchange."""
