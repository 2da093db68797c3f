"""Seeded fleets and applications, baselines, and the driver of ``make bench``."""
