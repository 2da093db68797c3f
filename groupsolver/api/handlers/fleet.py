"""``/v1.0/fleet``: the hosts and the topology, for admins."""

from __future__ import annotations

from typing import Any, cast

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.etags import etag, unchanged
from groupsolver.api.observability.audit import audit
from groupsolver.errors import Fault
from groupsolver.files.fault_text import shown
from groupsolver.model.fleet import Fleet, Host
from groupsolver.store.repositories import hosts
from groupsolver.wire.bodies.fleet import FleetAnswer


def show(call: Call) -> Reply:
    """Give the whole fleet, as it was loaded."""
    with call.service.store.read() as session:
        fleet = hosts.read_fleet(session)
    return Reply(
        body=FleetAnswer.model_construct(
            version=1, levels=fleet.levels, hosts=fleet.hosts, links=fleet.links
        )
    )


def replace(call: Call) -> Reply:
    """Replace the whole fleet; hosts that stay keep their members."""
    fleet = cast(Fleet, call.body)
    with call.service.store.write() as tx:
        hosts.load_fleet(tx, fleet)
    _told(call, "fleet-replace", None, hosts=len(fleet.hosts), levels=list(fleet.levels))
    return Reply(204)


def show_host(call: Call) -> Reply:
    """Give one host."""
    with call.service.store.read() as session:
        host, generation = hosts.find_host(session, call.args["name"])
    return Reply(body=host, headers=etag(generation))


def put_host(call: Call) -> Reply:
    """Add a host, or replace it."""
    host = cast(Host, call.body)
    if host.name != call.args["name"]:
        raise bad_input(
            Fault("wrong-value", "name", f"expected the name of the path, found {shown(host.name)}")
        )
    with call.service.store.write() as tx:
        if call.request.headers.get("If-Match"):
            _, generation = hosts.find_host(tx.session, host.name)
            unchanged(call, generation, f"host {host.name!r}")
        new = hosts.put_host(tx, host)
        host, generation = hosts.find_host(tx.session, host.name)
    _told(call, "host-replace", host.name)
    return Reply(201 if new else 200, host, etag(generation))


def delete_host(call: Call) -> Reply:
    """Take a host out of the fleet."""
    with call.service.store.write() as tx:
        if call.request.headers.get("If-Match"):
            _, generation = hosts.find_host(tx.session, call.args["name"])
            unchanged(call, generation, f"host {call.args['name']!r}")
        hosts.remove_host(tx, call.args["name"])
    _told(call, "host-delete", call.args["name"])
    return Reply(204)


def _told(call: Call, action: Any, subject: str | None, **more: Any) -> None:
    audit(
        action, subject, request_id=call.request_id, principal=call.principal, tenant=None, **more
    )
