"""The vocabulary in which policies become a CP-SAT model."""
