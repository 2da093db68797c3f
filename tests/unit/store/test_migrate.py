"""The tables: made, held against what the code says they are, refused where they are not this version's."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from groupsolver.store.database import migrate
from groupsolver.store.database.engine import open_engine
from groupsolver.store.database.tables import Base
from groupsolver.store.errors import SchemaMismatch
from groupsolver.store.store import Store
from tests.support.drivers.databases import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.empty()


def tables(address: str) -> set[str]:
    engine = open_engine(address)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def works(address: str) -> None:
    store = Store(address)
    store.ping()
    store.close()


def at_revision(address: str, revision: str) -> None:
    engine = open_engine(address)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
    engine.dispose()


def test_tables_are_made_from_nothing_and_made_once(empty: str) -> None:
    assert migrate.current(empty) is None
    assert migrate.upgrade(empty) == migrate.head() == migrate.current(empty)
    store = Store(empty)
    with store.write() as tx:
        tx.note("group", "a")
    assert migrate.upgrade(empty) == migrate.head()
    with store.read() as session:  # what was written is still there
        assert session.execute(text("SELECT revision FROM fleet")).scalar_one() == 1
    store.close()
    migrate.ensure_schema(empty)


def test_the_migrated_tables_are_those_of_the_code(empty: str) -> None:
    migrate.upgrade(empty)
    engine = open_engine(empty)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_what_was_made_can_be_taken_down_and_made_again(empty: str) -> None:
    migrate.upgrade(empty)
    engine = open_engine(empty)
    with engine.begin() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    engine.dispose()
    assert tables(empty) == {"alembic_version"}
    assert migrate.current(empty) is None
    migrate.upgrade(empty)
    works(empty)


def test_tables_of_a_later_version_are_refused_in_a_sentence_that_sends_nobody_to_upgrade(
    database: str,
) -> None:
    at_revision(database, "9999")
    for attempt in (migrate.ensure_schema, migrate.upgrade):
        with pytest.raises(
            SchemaMismatch, match=r"revision 9999.*later version of groupsolver"
        ) as caught:
            attempt(database)
        assert "db upgrade" not in str(caught.value)
    assert migrate.current(database) == "9999"


def test_tables_that_are_missing_are_named_with_the_command_that_makes_them(
    postgres: Postgres,
) -> None:
    with pytest.raises(
        SchemaMismatch, match=r"has no tables of groupsolver.*groupsolver db upgrade"
    ):
        migrate.ensure_schema(postgres.empty())


def test_a_new_sqlite_file_gets_its_tables_by_itself(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'new.db'}"
    migrate.ensure_schema(address)
    works(address)


def test_a_new_sqlite_file_is_its_owners_alone_and_so_is_its_log(tmp_path: Path) -> None:
    path = tmp_path / "private.db"
    before = os.umask(0o022)
    try:
        migrate.ensure_schema(f"sqlite:///{path}")
        store = Store(f"sqlite:///{path}")
        with store.write() as tx:
            tx.note("group", "a")
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert modes == {f"private.db{end}": 0o600 for end in ("", "-wal", "-shm")}


def test_a_sqlite_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    path.touch()
    path.chmod(0o660)
    migrate.ensure_schema(f"sqlite:///{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_several_processes_upgrade_at_once_and_the_tables_are_made_once(empty: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(2) as pool:
        found = pool.map_async(migrate.upgrade, [empty] * 2).get(timeout=60)
    assert found == [migrate.head()] * 2
    works(empty)
