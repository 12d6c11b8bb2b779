"""Ways to an operator, behind `AlertPort`."""
