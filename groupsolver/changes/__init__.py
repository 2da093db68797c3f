"""Changes to an application or its fleet, as values: fixes of conflicts, and what-if questions."""
