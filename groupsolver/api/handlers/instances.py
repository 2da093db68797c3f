"""``/v1.0/{tenant_id}/instances``."""

from __future__ import annotations

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.query import paged
from groupsolver.api.observability.audit import audit
from groupsolver.api.serializers import instance_view
from groupsolver.errors import Fault
from groupsolver.store.errors import NotStored
from groupsolver.store.repositories.instances import find_instance, list_instances, remove_instances
from groupsolver.wire.bodies.instances import InstanceAnswer, InstancesAnswer


def index(call: Call) -> Reply:
    """List the project's instances, in the order in which they were placed."""
    store = call.service.store
    try:
        with store.read() as session:
            now = store.clock()
            found, headers = paged(
                call.request, lambda at: list_instances(session, call.tenant, at, now)
            )
    except NotStored:
        raise bad_input(
            Fault("unknown-member", "query.marker", "expected the id of an instance in the list")
        ) from None
    return Reply(
        body=InstancesAnswer(instances=tuple(instance_view(call, one) for one in found)),
        headers=headers,
    )


def show(call: Call) -> Reply:
    """Say where an instance is."""
    store = call.service.store
    with store.read() as session:
        found = find_instance(session, call.args["id"].lower(), call.tenant, store.clock())
    return Reply(body=InstanceAnswer(instance=instance_view(call, found)))


def delete(call: Call) -> Reply:
    """Remove an instance: its membership ends, its claim is free."""
    with call.service.store.write() as tx:
        found = find_instance(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        remove_instances(tx, [found])
    audit(
        "instance-delete",
        found.id,
        request_id=call.request_id,
        principal=call.principal,
        tenant=call.tenant,
        group=found.group,
        host=found.host,
    )
    return Reply(204)
