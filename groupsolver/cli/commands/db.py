"""``groupsolver db``: the tables of a server's database."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groupsolver.cli.arguments import add_actions
from groupsolver.cli.database import add_database, reason_of, without_password
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.extras import require_server
from groupsolver.cli.options import Options
from groupsolver.cli.output.stderr import print_message
from groupsolver.cli.output.stdout import write
from groupsolver.errors import GroupsolverError

_ACTIONS = {
    "upgrade": "bring the tables to those of this version; while servers run, too",
    "current": "print the revision of the tables",
}


def add_parser(commands: Any) -> None:
    """Add ``db`` and its actions to the command line."""
    about = "make or change the tables of a server's database, or print their revision"
    add_action = add_actions(commands, "db", about)
    for name, help_ in _ACTIONS.items():
        add_database(add_action(name, help_), "SQLite or PostgreSQL")


def run(options: Options) -> int:
    """Upgrade the tables or print their revision. Raises `BadInput`."""
    require_server("db")
    # Without a handler, the library's log would repeat what is printed below.
    logging.getLogger("groupsolver").addHandler(logging.NullHandler())
    database = options.database
    work = _upgrade if options.action == "upgrade" else _current
    return _report(database, lambda: work(database))


def _upgrade(database: str) -> str:
    from groupsolver.store.database.migrate import upgrade

    return f"at revision {upgrade(database)}"


def _current(database: str) -> str:
    from groupsolver.store.database.migrate import current, head

    found = None if _is_missing_file(database) else current(database)
    needed = head()
    if found is None:
        return f"no tables; this version's are at revision {needed}"
    if found == needed:
        return f"at revision {found}, which this version needs"
    return f"at revision {found}, this version needs {needed}"


def _is_missing_file(database: str) -> bool:
    """Return whether it is a file of SQLite that does not exist: a connection would make it."""
    from groupsolver.store.database.engine import parse_url

    url = parse_url(database)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _report(database: str, work: Callable[[], str]) -> int:
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from groupsolver.store.errors import StoreError

    name = without_password(database)
    try:
        write(f"{name}: {work()}\n")
    except (StoreError, SQLAlchemyError, CommandError) as error:
        code = f" [{error.code}]" if isinstance(error, GroupsolverError) else ""
        print_message(f"groupsolver: {name}: {reason_of(error)}{code}")
        return Exit.UNAVAILABLE
    return Exit.OK
