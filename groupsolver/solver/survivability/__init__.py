"""Policies of kind ``survives``: search until the placement recovers from every loss."""
