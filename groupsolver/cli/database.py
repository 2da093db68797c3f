"""The database of a server, as the command line names it and as messages show it."""

from __future__ import annotations

from typing import Any

from groupsolver.cli.options import of_options
from groupsolver.errors import BadInput, one_line

DEFAULT_URL = "sqlite:///groupsolver.db"


def add_database(parser: Any, about: str) -> None:
    """Add the option that names a database."""
    help_ = f"{about} (default: {DEFAULT_URL})"
    parser.add_argument("--database", default=DEFAULT_URL, metavar="URL", help=help_)


def without_password(url: str) -> str:
    """Return a database's URL with its passwords hidden.

    Raises
    ------
    BadInput
        Where it is no URL of a database.
    """
    from groupsolver.store.database.engine import parse_url

    try:
        parsed = parse_url(url)
    except BadInput as error:
        raise of_options(error, "database") from None
    hidden = {key: "hidden" for key in parsed.query if "pass" in key.lower()}
    return one_line(parsed.update_query_dict(hidden).render_as_string(hide_password=True))


def reason_of(error: Exception) -> str:
    """Return the database driver's own message, without the text that SQLAlchemy adds to it."""
    reason = getattr(error.__cause__ or error, "orig", None) or error
    return " ".join(str(reason).split())  # some have several lines
