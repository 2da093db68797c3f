"""Capacity of hosts, cells and links in plain Python, for the independent checker."""
