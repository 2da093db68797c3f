"""Rows of the linear relaxation: what is scarce, and what its duals make dearer."""
