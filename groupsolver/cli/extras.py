"""Packages that only some commands need, and the message where they are not installed."""

from __future__ import annotations

from importlib.util import find_spec

# What the extra `server` installs, by the names under which it is imported.
SERVER_MODULES = (
    "alembic",
    "prometheus_client",
    "sqlalchemy",
    "tomli_w",
    "waitress",
    "werkzeug",
)


class MissingExtraError(Exception):
    """Packages of an extra are not installed; its text says how to install them."""


def require_server(command: str) -> None:
    """Check that what the server needs is installed, without importing it.

    Raises
    ------
    MissingExtraError
    """
    missing = [name for name in SERVER_MODULES if not _installed(name)]
    if missing:
        raise MissingExtraError(
            f"{command} needs packages that are not installed ({', '.join(missing)}); "
            "install them with: pip install 'groupsolver[server]'"
        )


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ImportError:
        return False
