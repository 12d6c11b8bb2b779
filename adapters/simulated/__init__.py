"""A simulated exchange behind real wire protocols."""
