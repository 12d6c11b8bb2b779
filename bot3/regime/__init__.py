"""What the market is doing. Pure."""
