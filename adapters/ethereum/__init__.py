"""Ethereum: blocks decoded from call traces or from logs; a node's stream of new blocks."""
