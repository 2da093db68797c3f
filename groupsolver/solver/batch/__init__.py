"""Batches: several applications at once, each placed whole or not at all."""
