"""A server in a thread: the application on a free port of the loopback interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

from groupsolver.api import make_app
from groupsolver.api.auth import Identity, Loopback
from groupsolver.api.server.waitress_server import Server, bind
from groupsolver.api.settings import Settings


@contextmanager
def serving(
    folder: Path, settings: Settings | None = None, identity: Identity | None = None
) -> Iterator[str]:
    """Serve from a new SQLite file in a folder; yield the URL. By default clients are admins."""
    sockets = bind("127.0.0.1", 0)
    port = int(sockets[0].getsockname()[1])
    app = make_app(
        settings or Settings(),
        database=f"sqlite:///{folder / 'groups.db'}",
        identity=identity or Loopback(port),
    )
    server = Server(app, sockets)
    thread = Thread(target=server.run, name="server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        thread.join(timeout=30)
        app.close()
