"""The stored state for the solver: snapshots in memory, and the scope of a placement."""
