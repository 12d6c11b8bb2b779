"""What keeps a search honest: zones of data, gates, and a ledger of everything that was tried."""
