"""Migration of a database's tables to those of this version, by Alembic."""

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
    acquire_write_lock,
    engine_for_writing,
    open_engine,
    parse_url,
    translate_database_errors,
)
from groupsolver.store.errors import SchemaMismatch

_UPGRADE_LOCK_WAIT = 60.0  # seconds: another server may be migrating


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def head() -> str:
    """Return the revision of the tables that this version needs."""
    found = ScriptDirectory.from_config(_config()).get_current_head()
    assert found is not None  # noqa: S101 - the folder beside this file has one
    return found


def _open(address: str, *, lock_wait: float = LOCK_WAIT) -> Engine:
    """Open a database; create a SQLite file that is missing, readable by its owner alone."""
    url = parse_url(address)
    path = url.database or ""
    if url.get_backend_name() == "sqlite" and not path.startswith("file:"):
        # An error means that the file exists, or that SQLite will report why it cannot.
        # SQLite gives the WAL file the same mode.
        with suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return open_engine(address, lock_wait=lock_wait)


def current(address: str) -> str | None:
    """Return the revision of a database's tables, None where it has no tables.

    Raises `StoreUnavailable`, `BadInput`.
    """
    engine = _open(address)
    try:
        with translate_database_errors(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def _require_known(revision: str | None) -> None:
    """Refuse a revision of a later version, which this one cannot downgrade."""
    if revision is None:
        return
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    if revision not in {script.revision for script in scripts}:
        later = f"the database is at revision {revision}, of a later version of groupsolver"
        raise SchemaMismatch(f"{later}; this one knows {head()} at most")


def upgrade(address: str) -> str:
    """Create or migrate the tables; several servers may do so at once.

    Returns
    -------
    str
        The revision of the tables afterwards.

    Raises
    ------
    SchemaMismatch
        Where the tables are of a later version.
    StoreUnavailable, BadInput
    """
    engine = _open(address, lock_wait=_UPGRADE_LOCK_WAIT)
    try:
        with translate_database_errors(), engine_for_writing(engine).begin() as connection:
            acquire_write_lock(connection)
            _require_known(MigrationContext.configure(connection).get_current_revision())
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
    StoreUnavailable, BadInput
    """
    revision = current(address)
    if revision is None and parse_url(address).get_backend_name() == "sqlite":
        revision = upgrade(address)
    _require_known(revision)
    if revision == head():
        return
    found = "has no tables of groupsolver" if revision is None else f"is at revision {revision}"
    raise SchemaMismatch(
        f"the database {found}; this version needs {head()}: run 'groupsolver db upgrade'"
    )
