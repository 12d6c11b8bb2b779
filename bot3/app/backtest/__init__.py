"""`python -m bot3 backtest`: reading, running, telling."""
