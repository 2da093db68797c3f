"""``/v1.0/fleet``: the hosts and the topology, for admins."""

from __future__ import annotations

from typing import Any, cast

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.etags import check_if_match, etag_header
from groupsolver.api.observability.audit import Action, audit
from groupsolver.errors import Fault
from groupsolver.files.fault_text import shown
from groupsolver.model.fleet import Fleet, Host
from groupsolver.store.database.transaction import WriteTransaction
from groupsolver.store.repositories import hosts
from groupsolver.wire.bodies.fleet import FleetAnswer


def show(call: Call) -> Reply:
    """Show the whole fleet, as it was loaded."""
    with call.service.store.read() as session:
        fleet = hosts.read_fleet(session)
    # The stored fleet is valid: validating it again would take long.
    body = FleetAnswer.model_construct(
        version=1, levels=fleet.levels, hosts=fleet.hosts, links=fleet.links, pools=fleet.pools
    )
    return Reply(body=body)


def replace(call: Call) -> Reply:
    """Replace the whole fleet; hosts in both fleets keep their members."""
    fleet = cast(Fleet, call.body)
    with call.service.store.write() as tx:
        hosts.load_fleet(tx, fleet)
    _audit(call, "fleet-replace", None, hosts=len(fleet.hosts), levels=list(fleet.levels))
    return Reply(204)


def show_host(call: Call) -> Reply:
    """Show a host."""
    with call.service.store.read() as session:
        host, generation = hosts.find_host(session, call.args["name"])
    return Reply(body=host, headers=etag_header(generation))


def put_host(call: Call) -> Reply:
    """Add a host, or replace it."""
    host = cast(Host, call.body)
    if host.name != call.args["name"]:
        message = f"expected the name of the path, found {shown(host.name)}"
        raise bad_input(Fault("wrong-value", "name", message))
    with call.service.store.write() as tx:
        _check_host_unchanged(call, tx, host.name)
        is_new = hosts.put_host(tx, host)
        host, generation = hosts.find_host(tx.session, host.name)
    _audit(call, "host-replace", host.name)
    return Reply(201 if is_new else 200, host, etag_header(generation))


def delete_host(call: Call) -> Reply:
    """Remove a host from the fleet."""
    name = call.args["name"]
    with call.service.store.write() as tx:
        _check_host_unchanged(call, tx, name)
        hosts.remove_host(tx, name)
    _audit(call, "host-delete", name)
    return Reply(204)


def _check_host_unchanged(call: Call, tx: WriteTransaction, name: str) -> None:
    """Raise `Stale` if ``If-Match`` does not hold, and `NotStored` if it names a missing host."""
    if call.request.headers.get("If-Match"):
        _, generation = hosts.find_host(tx.session, name)
        check_if_match(call.request, generation, f"host {name!r}")


def _audit(call: Call, action: Action, subject: str | None, **more: Any) -> None:
    audit(
        action, subject, request_id=call.request_id, principal=call.principal, tenant=None, **more
    )
