"""What an equity curve, a list of trades or a table of trials says, and how sure it is. Pure."""
