"""Answers other than the result of one solve: of a batch, of headroom, of survival."""
