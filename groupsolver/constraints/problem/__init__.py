"""An application over a fleet: resolved names, members, placements, and the same over arrays."""
