"""A toy app behind the server: ``python -m tests.support.drivers.serve_driver DRAIN IDLE STALLED``.

The arguments are the server's timeouts, in seconds.

It prints its port, then a line for each request that it begins. It answers ``/slow`` after
``?seconds``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from groupsolver.api.observability.logs import configure
from groupsolver.api.server.waitress_server import bind, serve_app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    body = environ["wsgi.input"].read()
    print(path, flush=True)
    if path == "/slow":
        time.sleep(float(query))
    if path == "/big":
        body = b"x" * int(query)
    elif path == "/environ":
        body = json.dumps(
            {key: value for key, value in environ.items() if isinstance(value, str)}
        ).encode()
    else:
        body = body or b"answered"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    configure()
    drain, idle, stalled = map(float, sys.argv[1:])
    sockets = bind("127.0.0.1", 0)
    code = serve_app(
        app,
        sockets,
        threads=3,
        ready=lambda: print(sockets[0].getsockname()[1], flush=True),
        drain_timeout=drain,
        idle_timeout=idle,
        stalled_timeout=stalled,
    )
    print("left", flush=True)
    os._exit(code)
