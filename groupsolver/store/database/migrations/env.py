"""Run by Alembic: the connection comes from `groupsolver.store.database.migrate`."""

from __future__ import annotations

from alembic import context

from groupsolver.store.database.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
