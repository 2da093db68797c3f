"""The services that handlers call: groups, placements, explanations, headroom, solve pool."""
