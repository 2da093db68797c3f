"""Pigeonholes: what counting alone refutes, in microseconds, before the solver is asked."""
