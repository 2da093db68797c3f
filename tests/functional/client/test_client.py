"""The client against the real app, in this process."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest

from groupsolver import AntiAffinity, Costs, Flavor, Fleet, GroupsolverError, Host, Near
from groupsolver.api import Loopback, make_app
from groupsolver.client import (
    Client,
    Hints,
    InstanceRequest,
    ServerError,
)

URL = "http://127.0.0.1"
ZONES = Fleet(
    levels=("zone",),
    hosts=tuple(
        Host.model_validate(
            {"name": f"h{i}", "domains": {"zone": f"z{i % 2}"}, "inventory": {"VCPU": 8}}
        )
        for i in range(4)
    ),
)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = make_app(
        database=f"sqlite:///{tmp_path_factory.mktemp('client') / 'groups.db'}", identity=Loopback()
    )
    yield made
    made.close()


@pytest.fixture
def client(app: Any) -> Iterator[Client]:
    """A project of the test's own, on four hosts of 8 VCPU in two zones."""
    with Client(URL, uuid.uuid4().hex, transport=httpx.WSGITransport(app)) as client:
        client.fleet.put(ZONES)
        yield client
        for one in client.instances.list():
            client.instances.delete(one.id)


def refusal(call: Callable[[], object]) -> ServerError:
    with pytest.raises(ServerError) as caught:
        call()
    return caught.value


def test_a_group_is_made_read_changed_and_deleted(client: Client) -> None:
    made = client.groups.create(
        name="db",
        policies=["affinity", AntiAffinity(level="zone", weight=2)],
        metadata={"owner": "ann"},
    )
    assert (made.name, made.tenant_id, made.metadata, made.members) == (
        "db",
        client.tenant,
        {"owner": "ann"},
        (),
    )
    assert [policy.kind for policy in made.policies] == ["affinity", "anti-affinity"]
    assert made.policies[1] == AntiAffinity(level="zone", weight=2)
    assert client.groups.get(made.id) == made
    changed = client.groups.update(
        made.id, name="data", policies=[{"kind": "affinity", "level": "zone"}]
    )
    assert (changed.name, changed.metadata) == ("data", {"owner": "ann"})
    assert [policy.at for policy in changed.policies] == ["zone"]
    client.groups.delete(made.id)
    gone = refusal(lambda: client.groups.get(made.id))
    assert (gone.status, gone.code) == (404, "group-not-found")


def test_an_update_replaces_metadata_and_a_patch_merges_it(client: Client) -> None:
    made = client.groups.create(metadata={"a": "1", "b": "2"})
    assert client.groups.patch(made.id, metadata={"a": None, "c": "3"}, name="x").metadata == {
        "b": "2",
        "c": "3",
    }
    assert client.groups.get(made.id).name == "x"
    assert client.groups.update(made.id, metadata={"d": "4"}).metadata == {"d": "4"}
    assert client.groups.update(made.id, metadata=None, name=None).metadata is None


def test_a_change_by_an_old_tag_is_refused(client: Client) -> None:
    made = client.groups.create(name="one")
    _, tag = client.groups.get_with_etag(made.id)
    assert client.groups.update(made.id, if_match=tag, name="two").name == "two"
    for change in (client.groups.update, client.groups.patch):
        update = partial(change, made.id, if_match=tag, name="three")
        assert refusal(update).status == 412
    assert client.groups.get(made.id).name == "two"


def test_groups_name_others_by_id(client: Client) -> None:
    web, db = client.groups.create(name="web"), client.groups.create(name="db")
    tier = client.groups.create(name="tier", groups=[web.id])
    assert tier.groups == (web.id,)
    near = client.groups.update(db.id, policies=[Near(group=web.id, level="zone")])
    assert near.policies[0].target == web.id
    assert refusal(lambda: client.groups.delete(web.id)).code == "group-in-use"


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_all_groups_are_listed_whatever_the_page(client: Client, page: int) -> None:
    made = [client.groups.create(name=f"g{n % 2}").id for n in range(4)]
    assert [group.id for group in client.groups.list(page=page)] == made
    assert [group.id for group in client.groups.list(name="g1", page=page)] == made[1::2]


def test_a_list_goes_on_where_what_it_stopped_at_was_removed(client: Client) -> None:
    made = [client.groups.create().id for _ in range(6)]
    listed = client.groups.list(page=3)
    seen = [next(listed).id for _ in range(3)]
    for gone in made[1:3]:
        client.groups.delete(gone)
    assert seen + [group.id for group in listed] == made
    listed = client.groups.list(page=1)
    next(listed)
    client.groups.delete(made[0])
    assert refusal(lambda: next(listed)).code == "unknown-group"  # nothing is left to go on from


def test_instances_are_placed_looked_at_and_removed(client: Client) -> None:
    group = client.groups.create(policies=[AntiAffinity(level="zone")])
    placed = client.place(
        [
            InstanceRequest(name="db", flavor="big", count=2, hints=Hints(group=group.id)),
            InstanceRequest(name="loose", resources={"VCPU": 1}),
        ],
        flavors={"big": Flavor(resources={"VCPU": 6})},
        objective="spread",
    )
    assert placed.status == "optimal"
    assert [one.name for one in placed.instances] == ["db-1", "db-2", "loose"]
    hosts = {host.name: host for host in ZONES.hosts}
    assert len({hosts[one.host or ""].domains["zone"] for one in placed.instances[:2]}) == 2
    assert {one.id for one in client.instances.list(page=2)} == {one.id for one in placed.instances}
    first = client.instances.get(placed.instances[0].id)
    assert (first.group, first.resources, first.placement) == (group.id, {"VCPU": 6}, placed.id)
    assert set(client.groups.get(group.id).members) == {one.id for one in placed.instances[:2]}
    assert refusal(lambda: client.groups.delete(group.id)).code == "group-not-empty"
    client.instances.delete(first.id)
    assert client.groups.get(group.id).members == (placed.instances[1].id,)
    client.groups.delete(group.id, force=True)
    assert client.instances.get(placed.instances[1].id).group is None


def test_a_refusal_carries_its_conflict(client: Client) -> None:
    group = client.groups.create(name="db", policies=[AntiAffinity(level="zone")])
    ask = InstanceRequest(resources={"VCPU": 1}, count=3, hints=Hints(group=group.id))
    error = refusal(lambda: client.place([ask]))
    assert (error.status, error.code, len(error.request_id)) == (409, "placement-infeasible", 40)
    assert error.conflict is not None
    assert [rule.policy for rule in error.conflict.policies] == ["members", "anti-affinity"]
    assert error.conflict.policies[1].sentence.startswith(
        "no zone holds more than 1 member of db; 3 members need 3"
    )
    assert error.conflict.minimal
    assert str(error) == f"{error.detail} [placement-infeasible]"
    assert isinstance(error, GroupsolverError)


def test_what_cannot_be_placed_is_explained(client: Client) -> None:
    group = client.groups.create(name="db", policies=[AntiAffinity(level="zone")])
    ask = InstanceRequest(name="db", flavor="big", count=3, hints=Hints(group=group.id))
    big = {"big": Flavor(resources={"VCPU": 2})}
    found = client.explain([ask], flavors=big, time_limit=20)
    assert (found.status, found.placement, found.never) == ("infeasible", None, True)
    assert found.conflict == found.conflicts[0]
    assert [fix.cost for fix in found.conflict.fixes] == [1, 4, 5, 10]
    assert set(found.conflict.fixes[0].placement or {}) == {"db-1", "db-2", "db-3"}
    # Null is no price at all, and comes over as it is.
    only = Costs(relax=None, soften=None, drop=None, fewer=7, free=None, add=None, move=None)
    found = client.explain([ask], flavors=big, costs=only, every=True)
    assert found.conflict is not None
    assert [(fix.change, fix.cost) for fix in found.conflict.fixes] == [("db 3 -> 2 members", 7)]
    found = client.explain([ask], flavors=big, fixes=False)
    assert (found.conflict and found.conflict.fixes, found.never) == ((), None)
    assert list(client.instances.list()) == []


def test_where_it_could_be_placed_is_told(client: Client) -> None:
    found = client.explain([InstanceRequest(name="a", resources={"VCPU": 1})])
    assert (found.status, found.conflict, found.conflicts, found.never) == (
        "optimal",
        None,
        (),
        None,
    )
    assert found.placement is not None
    assert (found.placement.id, [one.name for one in found.placement.instances]) == (None, ["a"])
    assert list(client.instances.list()) == []
    assert (
        refusal(lambda: client.explain([InstanceRequest(flavor="none")])).code == "unknown-flavor"
    )


def test_how_many_more_fit_is_told(client: Client) -> None:
    group = client.groups.create(name="db", policies=[AntiAffinity(level="zone")])
    ask = InstanceRequest(flavor="big", count=2, hints=Hints(group=group.id))
    found = client.headroom([ask], flavors={"big": Flavor(resources={"VCPU": 2})}, time_limit=20)
    assert (found.copies, found.bound, found.gap, found.warnings) == (
        found.bound,
        found.copies,
        0,
        (),
    )
    assert found.copies > 0
    assert found.scarce[0].sentence.startswith("VCPU runs out first")
    assert found.unlocks[0].rate > 0
    assert (
        client.headroom([ask], flavors={"big": Flavor(resources={"VCPU": 1})}, gap=0.5).gap <= 0.5
    )
    assert list(client.instances.list()) == []
    assert (
        refusal(lambda: client.headroom([InstanceRequest(flavor="none")])).code == "unknown-flavor"
    )


def test_a_dry_run_claims_nothing(client: Client) -> None:
    tried = client.place([InstanceRequest(resources={"VCPU": 1})], dry_run=True)
    assert (tried.id, tried.instances[0].host is None) == (None, False)
    assert list(client.instances.list()) == []


def test_a_placement_with_a_ttl_stays_once_it_is_confirmed(client: Client) -> None:
    placed = client.place([InstanceRequest(resources={"VCPU": 1})], ttl=600, time_limit=5)
    assert placed.expires_at is not None
    for _ in range(2):
        assert client.confirm(placed.id or "").expires_at is None
    assert refusal(lambda: client.confirm(UNKNOWN)).code == "placement-not-found"


def test_the_same_key_is_answered_the_same(client: Client) -> None:
    ask = [InstanceRequest(resources={"VCPU": 1})]
    first = client.place(ask, idempotency_key="k")
    assert client.place(ask, idempotency_key="k") == first
    assert client.place(ask).id != first.id
    other = [InstanceRequest(resources={"VCPU": 2})]
    assert refusal(lambda: client.place(other, idempotency_key="k")).code == "idempotency-mismatch"


def test_the_fleet_is_loaded_read_and_changed(client: Client) -> None:
    there = client.fleet.get()
    assert (there.levels, there.hosts) == (ZONES.levels, ZONES.hosts)
    new = Host.model_validate(
        {"name": "..", "inventory": {"VCPU": {"total": 4, "max_unit": 2}}, "traits": ["CUSTOM_A"]}
    )
    assert client.fleet.put_host(new) == new
    host, tag = client.fleet.host_with_etag("..")
    assert host == client.fleet.host("..") == new
    dearer = new.model_copy(update={"cost": 5})
    assert client.fleet.put_host(dearer, if_match=tag).cost == 5
    assert refusal(lambda: client.fleet.put_host(new, if_match=tag)).code == "stale"
    client.fleet.delete_host("..")
    assert refusal(lambda: client.fleet.host("..")).code == "host-not-found"


def test_every_fault_of_a_body_is_told(client: Client) -> None:
    ask = [InstanceRequest(flavor="a"), InstanceRequest(flavor="b")]
    error = refusal(lambda: client.place(ask))
    assert [fault.code for fault in error.faults] == ["unknown-flavor"] * 2
    assert str(error).count("\n") == 1
