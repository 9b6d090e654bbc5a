"""Guidance: what pulls a sample towards something, without further calls of the network."""
