"""Commands, events and market data. Pure."""
