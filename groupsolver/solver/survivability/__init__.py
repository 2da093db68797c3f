"""Policies of kind ``survives``: placements that are searched until every loss can be recovered from."""
