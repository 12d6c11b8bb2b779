"""MEV detection: what others took from a block, told from its swaps. It sends nothing anywhere."""
