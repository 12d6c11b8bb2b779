"""The whole bot in virtual time against the simulated exchange, with faults from a seed."""
