"""``groupsolver db``: the tables of a server's database."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groupsolver.cli.commands.subcommands import actions_of
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.output.stdout import write
from groupsolver.errors import GroupsolverError, one_line

DEFAULT = "sqlite:///groupsolver.db"


def add_parser(commands: Any) -> None:
    """Add ``db`` and what it can do to the command line."""
    about = "make or change the tables of a server's database, or tell their revision"
    make = actions_of(commands, "db", about)
    for name, help_ in (
        ("upgrade", "bring the tables to those of this version; while servers run, too"),
        ("current", "tell the revision that the tables are at"),
    ):
        made = make(name, help_)
        made.add_argument(
            "--database",
            default=DEFAULT,
            metavar="URL",
            help=f"SQLite or PostgreSQL (default: {DEFAULT})",
        )


def run(options: argparse.Namespace) -> int:
    """Do what was asked. Raises `BadInput`."""
    logging.getLogger("groupsolver").addHandler(
        logging.NullHandler()
    )  # what failed is told once, below
    from groupsolver.store.database.migrate import current, head, upgrade

    if options.action == "upgrade":
        return _told(options.database, lambda: f"at revision {upgrade(options.database)}")

    def state() -> str:
        at = None if _missing(options.database) else current(options.database)
        if at is None:
            return f"no tables; this version's are at revision {head()}"
        return f"at revision {at}, {f'this version needs {head()}' if at != head() else 'which this version needs'}"

    return _told(options.database, state)


def _missing(database: str) -> bool:
    """Whether it is a file that is not there: to look would make it."""
    from groupsolver.store.database.engine import parse_url

    url = parse_url(database)
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").exists()


def _told(database: str, work: Callable[[], str]) -> int:
    from alembic.util import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    from groupsolver.cli.commands.serve import shown
    from groupsolver.store.errors import StoreError

    name = shown(database)
    try:
        write(f"{name}: {work()}\n")
    except (StoreError, SQLAlchemyError, CommandError) as error:
        # The driver's own words, without those around them.
        reason = getattr(error.__cause__ or error, "orig", None) or error
        code = f" [{error.code}]" if isinstance(error, GroupsolverError) else ""
        print(f"groupsolver: {name}: {one_line(str(reason).strip())}{code}", file=sys.stderr)
        return Exit.UNAVAILABLE
    return Exit.OK
