"""Alembic's environment: the tables of each version of the library."""
