"""Websocket and HTTP clients with deadlines, over a replaceable network."""
