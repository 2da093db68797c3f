"""Databases for tests: SQLite files, and a PostgreSQL server on a Unix socket."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from groupsolver.store.database.migrate import head, upgrade
from groupsolver.store.database.tables import Base
from groupsolver.store.store import Clock, Store

_NUMBER = count(1)


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's own programs, which Debian keeps off the path."""
    found = shutil.which("initdb")
    if found and shutil.which("postgres"):
        return Path(found).resolve().parent
    kept = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parent.parent.name),
    )
    return kept[-1].parent if kept else None


def _account() -> str | None:
    """Return the account to run under; PostgreSQL refuses to be run by root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in known), None)


class Postgres:
    """A server that listens on a socket in a folder of its own, and nowhere else.

    Parameters
    ----------
    programs : Path
    account : str
    safe : bool, default False
        Write through to the disk, as where killed servers are tested.
    """

    def __init__(self, programs: Path, account: str, *, safe: bool = False) -> None:
        self._programs, self._account, self._safe = programs, account, safe
        # The path of a socket may have a hundred characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="gs-pg-"))
        if os.geteuid() == 0:
            shutil.chown(self.folder, account)
        self._process: subprocess.Popen[bytes] | None = None
        self._used: list[str] = []  # databases that tests are done with
        self._run(
            "initdb",
            "--auth=trust",
            "--username=tests",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        )
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        process = self._begun(program, *arguments, out=subprocess.PIPE)
        out, _ = process.communicate(timeout=180)
        assert process.returncode == 0, out

    def _begun(self, program: str, *arguments: str, out: Any) -> subprocess.Popen[bytes]:
        command = [str(self._programs / program), "-D", str(self.folder / "data"), *arguments]
        if os.geteuid() != 0:
            return subprocess.Popen(command, cwd=self.folder, stdout=out, stderr=subprocess.STDOUT)
        account = pwd.getpwnam(self._account)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [
            "-k",
            str(self.folder),
            "-h",
            "",
            "-c",
            "max_connections=300",
            "-c",
            "shared_buffers=64MB",
        ]
        if not self._safe:
            options += [
                "-c",
                "fsync=off",
                "-c",
                "synchronous_commit=off",
                "-c",
                "full_page_writes=off",
            ]
        with (self.folder / "log").open("ab") as log:
            self._process = self._begun("postgres", *options, out=log)
        end = time.monotonic() + 90
        while True:
            try:
                self.ask("SELECT 1")
            except _operational_error():
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < end, (self.folder / "log").read_text()
                time.sleep(0.05)
            else:
                return

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop, by default at once: connections are cut, and all is written."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(timeout=90)
            self._process = None

    def remove(self) -> None:
        """Stop, and leave nothing."""
        # An immediate stop: it is no use to write hundreds of databases out.
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def ask(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside any transaction."""
        import psycopg

        where = {"host": str(self.folder), "user": "tests", "dbname": database}
        with psycopg.connect(**where, autocommit=True, connect_timeout=5) as connection:  # type: ignore[arg-type]
            connection.execute(statement)

    def address(self, database: str) -> str:
        """Return a database's address."""
        return f"postgresql://tests@/{database}?host={self.folder}"

    def empty(self) -> str:
        """Make a database without tables; return its address."""
        name = f"empty{next(_NUMBER)}"
        self.ask(f"CREATE DATABASE {name}")
        return self.address(name)

    def new(self) -> str:
        """Make a database with this version's tables; return its address."""
        name = f"test{next(_NUMBER)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE made")
        return self.address(name)

    def borrow(self) -> str:
        """Return the name of a database with this version's tables, new or emptied.

        To create and delete one for each test would take most of the time of many tests.
        """
        while self._used:
            name = self._used.pop()
            if self._empty(name):
                return name
        name = f"test{next(_NUMBER)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE made")
        return name

    def give_back(self, name: str) -> None:
        """Take a database back that a test is done with."""
        self._used.append(name)

    def _empty(self, name: str) -> bool:
        """Empty a database as `borrow` hands it out; False where a test left it unusable."""
        import psycopg

        others = ", ".join(name for name in Base.metadata.tables if name != "fleet")
        try:
            self.ask(
                "SET lock_timeout = 2000;"  # milliseconds: a test may have left a lock
                f"TRUNCATE {others} RESTART IDENTITY CASCADE;"
                "UPDATE fleet SET revision = 0, stamp = '', levels = '[]', links = '[]';"
                f"UPDATE alembic_version SET version_num = '{head()}'",
                name,
            )
        except psycopg.Error:
            return False
        return True


def _operational_error() -> type[Exception]:
    import psycopg

    return psycopg.OperationalError


@contextmanager
def postgres_server(*, safe: bool = False) -> Iterator[Postgres]:
    """Run a server of its own. Skips the test where there is none to run."""
    pytest.importorskip("psycopg")
    programs, account = postgres_programs(), _account()
    if programs is None:
        pytest.skip(
            "PostgreSQL's programs (initdb, postgres) are not installed: its tests are left out"
        )
    if account is None:
        pytest.skip(
            "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody'"
        )
    server = Postgres(programs, account, safe=safe)
    try:
        server.ask("CREATE DATABASE made")
        upgrade(server.address("made"))
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One server for all tests of a run; each takes a database of its own."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with this version's tables, to be copied."""
    path = tmp_path_factory.mktemp("made") / "made.db"
    upgrade(f"sqlite:///{path}")
    assert not path.with_name("made.db-wal").exists()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Make a database with this version's tables, as often as it is called; give its address."""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        borrowed: list[str] = []

        def borrow() -> str:
            borrowed.append(server.borrow())
            return server.address(borrowed[-1])

        yield borrow
        for name in borrowed:
            server.give_back(name)
        return
    made: Path = request.getfixturevalue("sqlite_made")

    def new() -> str:
        path = tmp_path / f"{next(_NUMBER)}.db"
        shutil.copy(made, path)
        return f"sqlite:///{path}"

    yield new


@pytest.fixture
def database(new_database: Callable[[], str]) -> str:
    """A new database's address; the test is run on SQLite and on PostgreSQL."""
    return new_database()


@contextmanager
def opened(
    address: str, clock: Clock = time.time, *, lock_wait: float = 5.0, durable: bool = False
) -> Iterator[Store]:
    """Open a store, and close it whatever happens.

    Unless it is to be `durable`, SQLite does not wait for the disk: no test cuts the power.
    """
    store = Store(address, clock=clock, lock_wait=lock_wait)
    if store.engine.dialect.name == "sqlite" and not durable:
        event.listen(store.engine, "connect", _without_sync)
    try:
        yield store
    finally:
        store.close()


def _without_sync(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """A new store, on SQLite and on PostgreSQL."""
    with opened(database) as made:
        yield made
