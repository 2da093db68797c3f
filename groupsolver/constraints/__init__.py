"""What is to be placed where, under which policies.

Problems, policies, and both as CP-SAT models.
"""
