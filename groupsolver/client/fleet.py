"""The fleet, for admins."""

from __future__ import annotations

import json
from typing import Any

from groupsolver.client.session import Session, segment
from groupsolver.model.fleet import Fleet, Host
from groupsolver.wire.bodies.fleet import FleetAnswer

_PATH = "/v1.0/fleet"
_FLEET_TIMEOUT = 600.0  # seconds for a fleet of 100,000 hosts


class FleetResource:
    """The fleet of a server, for admins only. Each method raises `ClientError`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self) -> FleetAnswer:
        """Return the whole fleet, as it was loaded; that of a new server has no host."""
        response = self._session.send("GET", _PATH, timeout=_FLEET_TIMEOUT)
        return self._session.read(response, FleetAnswer)

    def put(self, fleet: Fleet) -> None:
        """Replace the whole fleet; hosts that stay keep their members."""
        body = _to_json(fleet.document())
        self._session.send("PUT", _PATH, body=body, timeout=_FLEET_TIMEOUT)

    def host(self, name: str) -> Host:
        """Return one host."""
        return self.host_with_etag(name)[0]

    def host_with_etag(self, name: str) -> tuple[Host, str]:
        """Return one host, and the tag that `put_host` takes as `if_match`."""
        response = self._session.send("GET", _host_path(name))
        return self._session.read(response, Host), response.headers.get("ETag", "")

    def put_host(self, host: Host, *, if_match: str | None = None) -> Host:
        """Add a host, or replace the one of its name.

        Parameters
        ----------
        host : Host
        if_match : str, optional
            Only if the stored host still has this tag (status 412 otherwise).
        """
        response = self._session.send(
            "PUT",
            _host_path(host.name),
            body=_to_json(host.document()),
            headers={"If-Match": if_match},
            # With a tag, a repeated request would be refused.
            repeatable=if_match is None,
        )
        return self._session.read(response, Host)

    def delete_host(self, name: str) -> None:
        """Remove a host that has no instances."""
        self._session.send("DELETE", _host_path(name))


def _host_path(name: str) -> str:
    return f"{_PATH}/hosts/{segment(name)}"


def _to_json(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
