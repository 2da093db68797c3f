"""What subsystems may ask of a policy beyond what every policy has: one file a subsystem.

Each file has small base classes with the methods that a policy may implement, and a function for
each method that the subsystem calls. The function answers for every policy: with the method where
the policy has the base class, and otherwise with a default that is always safe, stated in its
docstring.
"""
