"""Large-neighbourhood search, for problems that are too large for one model."""
