"""Reading and writing stored entities, one module for each kind."""
