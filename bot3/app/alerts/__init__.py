"""Alerts to an operator, as configured."""
