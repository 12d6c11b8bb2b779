"""Metrics, HTTP and terminal view."""
