"""Losses of failure domains: what is lost, what is left, and whether it can be placed again."""
