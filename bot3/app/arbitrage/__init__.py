"""`python -m bot3 arbitrage`: what clears all costs between books, of a file or of live venues."""
