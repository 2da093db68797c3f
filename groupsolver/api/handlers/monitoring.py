"""What operators ask: is it alive, what does it count, what does it speak."""

from __future__ import annotations

from werkzeug.wrappers import Response

from groupsolver.api.http.call import Call, Reply


def healthz(call: Call) -> Reply:
    """Say that the server answers, and that its database does. 503 where it does not."""
    call.service.store.ping()
    return Reply(body={"status": "ok"})


def metrics(call: Call) -> Reply:
    """Give the counters, as Prometheus reads them."""
    text, kind = call.service.metrics.render()
    return Reply(body=Response(text, content_type=kind))


def openapi(call: Call) -> Reply:  # noqa: ARG001 - a handler
    """Describe every path, OpenAPI 3.1."""
    from groupsolver.api.openapi import document

    return Reply(body=document())
