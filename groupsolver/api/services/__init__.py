"""What handlers call: groups, placements, explanations, headroom, and the pool that solves."""
