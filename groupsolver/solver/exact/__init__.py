"""From candidates to a proof: CP-SAT models and how they are searched."""
