"""Known answers of the methods, measured again: `python -m bot3 science`."""
