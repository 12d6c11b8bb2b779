"""`python -m bot3 decode`: recorded frames, read."""
