"""Edge actors: they await the outside world."""
