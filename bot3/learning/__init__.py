"""Online learning and the weighing of strategies. Pure."""
