"""Liveness and metrics, for operators."""

from __future__ import annotations

from werkzeug.wrappers import Response

from groupsolver.api.http.call import Call, Reply


def healthz(call: Call) -> Reply:
    """Answer whether the server and its database are up; 503 if the database does not answer."""
    call.service.store.ping()
    return Reply(body={"status": "ok"})


def metrics(call: Call) -> Reply:
    """Return the metrics in the text format of Prometheus."""
    text, content_type = call.service.metrics.render()
    return Reply(body=Response(text, content_type=content_type))
