"""From a sized target to orders. Pure."""
