"""`python -m bot3 mev`: what others took from blocks, of files or of a node."""
