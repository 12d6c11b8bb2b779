"""Configuration, the tree on one screen, the commands."""
