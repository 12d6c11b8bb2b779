"""Commands to a running process, and to what it left behind."""
