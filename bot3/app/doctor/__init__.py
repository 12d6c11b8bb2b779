"""`python -m bot3 doctor`: is everything there that trading needs, and what to do where not."""
