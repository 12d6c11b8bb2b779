"""Commands that look at recorded or simulated data."""
