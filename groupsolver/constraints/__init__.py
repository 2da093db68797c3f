"""What is to be placed where, under which policies: problems, policies, and both as CP-SAT models."""
