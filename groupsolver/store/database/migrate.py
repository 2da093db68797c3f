"""Bring a database's tables to those of this version, by Alembic."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from groupsolver.store.database.engine import (
    LOCK_WAIT,
    for_writing,
    open_engine,
    parse_url,
    take_turn,
    told,
)
from groupsolver.store.errors import SchemaMismatch


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def head() -> str:
    """Give the revision of the tables that this version needs."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None  # noqa: S101 - the folder beside this file has one
    return found


def _opened(address: str, *, lock_wait: float = LOCK_WAIT) -> Engine:
    """Open a database; a SQLite file that is not there yet is made for nobody else to read."""
    url = parse_url(address)
    path = url.database or ""
    if url.get_backend_name() == "sqlite" and not path.startswith("file:"):
        with suppress(
            OSError
        ):  # it is there, or SQLite says why it cannot be; its WAL has the mode of the file
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return open_engine(address, lock_wait=lock_wait)


def current(address: str) -> str | None:
    """Give the revision of a database's tables, None where it has none. Raises `StoreUnavailable`, `BadInput`."""
    engine = _opened(address)
    try:
        with told(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _known(revision: str | None) -> None:
    """Refuse what a later version has made: this one knows no way back."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    if revision is not None and revision not in {script.revision for script in scripts}:
        later = f"the database is at revision {revision}, of a later version of groupsolver"
        raise SchemaMismatch(f"{later}; this one knows {head()} at most")


def upgrade(address: str) -> str:
    """Make or change the tables; several servers may do so at once. Gives the revision they are at then.

    Raises
    ------
    SchemaMismatch
        Where the tables are of a later version.
    StoreUnavailable, BadInput
    """
    engine = _opened(address, lock_wait=60)
    try:
        with told(), for_writing(engine).begin() as connection:
            take_turn(connection)
            _known(MigrationContext.configure(connection).get_current_revision())
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
    return head()


def ensure_schema(address: str) -> None:
    """Make sure that the tables are this version's; a new SQLite file gets them.

    Raises
    ------
    SchemaMismatch
        Where ``groupsolver db upgrade`` is needed, or the tables are of a later version.
    """
    there = current(address)
    if there is None and parse_url(address).get_backend_name() == "sqlite":
        there = upgrade(address)
    _known(there)
    if there != head():
        found = "has no tables of groupsolver" if there is None else f"is at revision {there}"
        raise SchemaMismatch(
            f"the database {found}; this version needs {head()}: run 'groupsolver db upgrade'"
        )
