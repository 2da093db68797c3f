"""The fleet, for admins."""

from __future__ import annotations

import json
from typing import Any

from groupsolver.client.session import Session, segment
from groupsolver.model.fleet import Fleet, Host
from groupsolver.wire.bodies.core import FleetAnswer

_PATH = "/v1.0/fleet"
_LOADING = 600.0  # seconds for a fleet of a hundred thousand hosts


class FleetResource:
    """The fleet of a server. Each method raises `ClientError`; only an admin may call any."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self) -> FleetAnswer:
        """Give the whole fleet, as it was loaded; a new server's has no host."""
        return self._session.read(self._session.send("GET", _PATH, timeout=_LOADING), FleetAnswer)

    def put(self, fleet: Fleet) -> None:
        """Replace the whole fleet; hosts that stay keep their members."""
        self._session.send("PUT", _PATH, body=_json(fleet.document()), timeout=_LOADING)

    def host(self, name: str) -> Host:
        """Give one host."""
        return self.host_with_etag(name)[0]

    def host_with_etag(self, name: str) -> tuple[Host, str]:
        """Give one host, and the tag that `put_host` takes as `if_match`."""
        response = self._session.send("GET", _at(name))
        return self._session.read(response, Host), response.headers.get("ETag", "")

    def put_host(self, host: Host, *, if_match: str | None = None) -> Host:
        """Add a host, or replace the one of its name; with `if_match`, only if nobody else has changed it."""
        headers, again = {"If-Match": if_match}, if_match is None
        body = _json(host.document())
        response = self._session.send(
            "PUT", _at(host.name), body=body, headers=headers, repeatable=again
        )
        return self._session.read(response, Host)

    def delete_host(self, name: str) -> None:
        """Take a host out, where no instance is on it."""
        self._session.send("DELETE", _at(name))


def _at(name: str) -> str:
    return f"{_PATH}/hosts/{segment(name)}"


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
