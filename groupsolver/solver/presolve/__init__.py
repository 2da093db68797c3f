"""From a compiled problem to fewer candidates with the same optimum."""
