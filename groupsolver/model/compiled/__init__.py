"""A fleet as numpy arrays and look-up tables."""
