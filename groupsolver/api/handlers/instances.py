"""``/v1.0/{tenant_id}/instances``."""

from __future__ import annotations

from collections.abc import Sequence

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import bad_input
from groupsolver.api.http.query import read_listed_page
from groupsolver.api.observability.audit import audit
from groupsolver.api.serializers import instance_view
from groupsolver.errors import Fault
from groupsolver.store.entities import Instance
from groupsolver.store.errors import NotStored
from groupsolver.store.repositories.groups import Page
from groupsolver.store.repositories.instances import find_instance, list_instances, remove_instances
from groupsolver.wire.bodies.instances import InstanceAnswer, InstancesAnswer


def index(call: Call) -> Reply:
    """List the project's instances, in the order of their placement."""
    store = call.service.store
    try:
        with store.read() as session:
            now = store.clock()

            def read(page: Page) -> Sequence[Instance]:
                return list_instances(session, call.tenant, page, now)

            instances, headers = read_listed_page(call.request, read)
    except NotStored:
        message = "expected the id of an instance in the list"
        raise bad_input(Fault("unknown-member", "query.marker", message)) from None
    views = tuple(instance_view(call, one) for one in instances)
    return Reply(body=InstancesAnswer(instances=views), headers=headers)


def show(call: Call) -> Reply:
    """Show an instance and its host."""
    store = call.service.store
    with store.read() as session:
        instance = find_instance(session, call.args["id"].lower(), call.tenant, store.clock())
    return Reply(body=InstanceAnswer(instance=instance_view(call, instance)))


def delete(call: Call) -> Reply:
    """Remove an instance: its membership ends and its claim is freed."""
    with call.service.store.write() as tx:
        instance = find_instance(tx.session, call.args["id"].lower(), call.tenant, tx.now)
        remove_instances(tx, [instance])
    audit(
        "instance-delete",
        instance.id,
        request_id=call.request_id,
        principal=call.principal,
        tenant=call.tenant,
        group=instance.group,
        host=instance.host,
    )
    return Reply(204)
