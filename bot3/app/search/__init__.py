"""Searches over recorded data: evolution and optimization, on this machine's cores or a cluster."""
