"""Capacity that several hosts share: pools, and which hosts take from which."""
