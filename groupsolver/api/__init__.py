"""The HTTP API: a framework-free WSGI callable over a store.

>>> from groupsolver.api import Loopback, make_app
"""

from __future__ import annotations

from groupsolver.api.app import App
from groupsolver.api.auth import Identity, Keystone, Loopback, Tokens
from groupsolver.api.services.service import Service
from groupsolver.api.settings import Quota, Settings, load_settings
from groupsolver.store.database.migrate import ensure_schema
from groupsolver.store.store import Store

__all__ = [
    "App",
    "Identity",
    "Keystone",
    "Loopback",
    "Quota",
    "Settings",
    "Tokens",
    "load_settings",
    "make_app",
]


def make_app(settings: Settings | None = None, *, database: str, identity: Identity) -> App:
    """Return the application, for any WSGI server.

    Parameters
    ----------
    settings : Settings, optional
    database : str
        ``sqlite:///groupsolver.db``, or ``postgresql://...``; a new SQLite file gets its tables.
    identity : Identity
        The mode of identity: `Loopback`, `Tokens` or `Keystone`.

    Raises
    ------
    BadInput
        The database's address is wrong.
    StoreUnavailable, SchemaMismatch
        The database does not answer, or ``groupsolver db upgrade`` is needed.
    """
    ensure_schema(database)
    return App(Service(settings or Settings(), Store(database)), identity)
