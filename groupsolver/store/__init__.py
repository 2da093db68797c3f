"""The stored groups, instances and fleet: one writer at a time, and snapshots for readers."""
