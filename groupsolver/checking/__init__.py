"""Placements held against every rule, without the solver: violations, objectives, reasons."""
