"""What bot3 asks of the outside world: protocols only."""
