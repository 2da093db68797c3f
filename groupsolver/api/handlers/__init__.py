"""Handlers: one module for each resource of ``/v1.0``, and one for monitoring."""
