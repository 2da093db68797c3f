"""Changes to an application or its fleet: what would help where a batch cannot be placed, and what-if questions."""
