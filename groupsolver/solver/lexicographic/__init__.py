"""Soft policies with priorities: a solve in stages, one for each tier, the objective last."""
