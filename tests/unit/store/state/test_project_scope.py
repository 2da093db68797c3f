"""The scope of a placement leaves no rule out that the placement could break."""

from __future__ import annotations

from itertools import islice, product
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsolver.checking.check import index_of, judge
from groupsolver.cluster.scope import UNGROUPED
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files import parse_application, parse_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import Instance, StoredGroup
from groupsolver.store.errors import IdTaken, NotStored, QuotaExceeded
from groupsolver.store.state.project_scope import (
    RequestedInstance,
    RequestedPlacement,
    compose_application,
)
from tests.support.draws.store_contents import SIZES, StoreContents, policy, uid, world_of
from tests.support.oracle.brute_force import Oracle

SEEDS = st.integers(0, 2**40)


def requested_placement(rnd: Random, world: StoreContents) -> RequestedPlacement:
    tenant = rnd.choice(world.groups).tenant_id
    mine = [
        group.id for group in world.groups if group.tenant_id == tenant or tenant in group.grants
    ]
    few = rnd.sample(mine, min(len(mine), rnd.randint(1, 2)))
    keys = [None if rnd.randint(1, 8) == 1 else rnd.choice(few) for _ in range(rnd.randint(1, 3))]
    wanted = tuple(
        RequestedInstance(uid(500 + i), None, key, dict(rnd.choice(SIZES)))
        for i, key in enumerate(keys)
    )
    return RequestedPlacement(tenant, wanted, "pack", {})


def whole_of(
    world: StoreContents, requested: RequestedPlacement
) -> tuple[dict[str, Any], dict[str, Any]]:
    members: dict[str, list[dict[str, Any]]] = {}
    for one in requested.instances:
        key = one.group or f"loose {requested.tenant_id}"
        members.setdefault(key, []).append({"id": one.id, "resources": one.resources})
    app, fleet = world.document(members)
    known = {group.id: group for group in world.groups}
    joined = above({one.group for one in requested.instances}, world)
    for group in app["groups"]:
        if group["name"] in known:
            owner = known[group["name"]]
            group["policies"] = [
                one
                for one in group["policies"]
                if binding(owner, one, requested.tenant_id, known, group["name"] in joined)
            ]
    return app, fleet


def above(keys: set[str | None], world: StoreContents) -> set[str | None]:
    """Return groups and all groups above them."""
    while more := {group.id for group in world.groups if set(group.groups) & keys} - keys:
        keys = keys | more
    return keys


def binding(
    group: StoredGroup,
    one: dict[str, Any],
    tenant: str,
    known: dict[str, StoredGroup],
    joined: bool,
) -> bool:
    """Return whether a policy, as a document, binds a project's placement.

    `joined` is whether its group is one of those that the placement joins, or above one.
    """
    own = tenant == group.tenant_id
    target = one.get("group", one.get("to"))
    # The prices of another project are no concern of a placement that does not join its group, by
    # itself or through the group that the policy names; without a grant, never.
    concerned = tenant in group.grants and (joined or target is not None)
    if "weight" in one and not own and not concerned:
        return False
    named = known.get(one.get("group", one.get("to", "")))
    if named is None or named.tenant_id == group.tenant_id:
        return True
    # Another project's group: void without a grant. With one, it binds the project that named it,
    # and everyone who joins the group that has the policy.
    return group.tenant_id in named.grants and (joined or tenant == group.tenant_id)


def placements(
    rnd: Random, world: StoreContents, requested: RequestedPlacement
) -> list[dict[str, str]]:
    names = [host.name for host in world.fleet.hosts]
    every = list(islice(product(names, repeat=len(requested.instances)), 200))
    ids = [one.id for one in requested.instances]
    return [dict(zip(ids, hosts, strict=True)) for hosts in rnd.sample(every, min(len(every), 25))]


_seen = {"broken": 0, "held": 0, "smaller": 0, "foreign": 0, "joined": 0, "void": 0}


@settings(max_examples=500)
@given(seed=SEEDS)
def test_a_placement_breaks_what_is_composed_just_where_it_breaks_the_whole_world(
    seed: int,
) -> None:
    rnd = Random(f"scope {seed}")
    world = world_of(rnd)
    requested = requested_placement(rnd, world)
    now = world.snapshot()
    composed = compose_application(requested, now)
    app, fleet = whole_of(world, requested)
    whole, whole_fleet = parse_application(app), parse_fleet(fleet)
    oracle = Oracle(app, fleet)
    composed_problem = Problem(composed, now.fleet.index)
    whole_problem = Problem(whole, index_of(whole_fleet))
    values = []
    for placement in placements(rnd, world, requested):
        here = judge(composed_problem, placement, "pack")
        there = judge(whole_problem, placement, "pack")
        assert breaks(here.violations) == breaks(there.violations)
        assert oracle.holds(placement) == (not here.violations)
        _seen["broken" if here.violations else "held"] += 1
        values.append(there.objective - here.objective)
    # Whatever is left out costs the same for every placement.
    assert len(set(values)) == 1
    _seen["smaller"] += len(composed.groups) < len(whole.groups)
    tenants = {group.id: group.tenant_id for group in world.groups}
    _seen["joined"] += any(
        tenants.get(one.group or "", requested.tenant_id) != requested.tenant_id
        for one in requested.instances
    )
    _seen["void"] += sum(len(g.get("policies", ())) for g in app["groups"]) < sum(
        len(g.policies) for g in world.groups
    )
    _seen["foreign"] += any(
        tenants.get(group.name, requested.tenant_id) != requested.tenant_id
        for group in composed.groups
    )


def breaks(violations: Any) -> list[tuple[str, str, int]]:
    return sorted((one.group or "", one.policy, one.measure) for one in violations)


def test_the_law_of_scope_saw_broken_and_sound_placements_small_scopes_and_other_projects() -> None:
    if not sum(_seen.values()):
        pytest.skip("the law ran elsewhere")
    assert min(_seen["broken"], _seen["held"]) > 0.2 * (_seen["broken"] + _seen["held"])
    assert _seen["smaller"] >= 10
    assert _seen["foreign"] >= 3
    assert _seen["joined"] >= 3
    assert _seen["void"] >= 3


@settings(max_examples=60)
@given(seed=SEEDS)
def test_what_is_composed_is_an_application_that_stands_on_its_feet(seed: int) -> None:
    rnd = Random(f"sound {seed}")
    world = world_of(rnd)
    composed = compose_application(requested_placement(rnd, world), world.snapshot())
    again = Application.model_validate_json(composed.model_dump_json())
    assert again.model_dump() == composed.model_dump()


def ids_of(world: StoreContents, tenant: str) -> list[str]:
    return [group.id for group in world.groups if group.tenant_id == tenant]


def small_world() -> StoreContents:
    drawn = (world_of(Random(f"small {i}")) for i in range(100))
    return next(
        one for one in drawn if one.instances and ids_of(one, "blue") and ids_of(one, "green")
    )


def test_a_group_of_another_project_is_not_there() -> None:
    world = small_world()
    theirs = ids_of(world, "green")[0]
    for key in (theirs, uid(77)):
        with pytest.raises(NotStored) as caught:
            compose_application(
                RequestedPlacement(
                    "blue", (RequestedInstance(uid(1), None, key, {"VCPU": 1}),), "pack", {}
                ),
                world.snapshot(),
            )
        assert (caught.value.what, caught.value.key) == ("group", key)


def test_an_id_that_an_instance_has_is_taken() -> None:
    world = small_world()
    taken = world.instances[0].id
    with pytest.raises(IdTaken, match=taken):
        compose_application(
            RequestedPlacement(
                "blue", (RequestedInstance(taken, None, None, {"VCPU": 1}),), "pack", {}
            ),
            world.snapshot(),
        )


def test_an_instance_takes_something() -> None:
    world = small_world()
    with pytest.raises(BadInput, match="amount above 0"):
        compose_application(
            RequestedPlacement("blue", (RequestedInstance(uid(1), None, None, {}),), "pack", {}),
            world.snapshot(),
        )


def test_a_quota_counts_members_that_are_there_and_those_that_come() -> None:
    world = small_world()
    key = ids_of(world, "blue")[0]
    there = len([one for one in world.instances if one.group == key])
    two = tuple(RequestedInstance(uid(i), None, key, {"VCPU": 1}) for i in (1, 2))
    compose_application(RequestedPlacement("blue", two, "pack", {key: there + 2}), world.snapshot())
    compose_application(RequestedPlacement("blue", two, "pack", {key: -1}), world.snapshot())
    with pytest.raises(QuotaExceeded, match=f"may have {there + 1} members"):
        compose_application(
            RequestedPlacement("blue", two, "pack", {key: there + 1}), world.snapshot()
        )


def test_instances_of_no_group_stand_in_a_group_that_no_uuid_can_name() -> None:
    world = small_world()
    composed = compose_application(
        RequestedPlacement(
            "blue", (RequestedInstance(uid(1), None, None, {"VCPU": 1}),), "pack", {}
        ),
        world.snapshot(),
    )
    assert [group.name for group in composed.groups if group.members] == [UNGROUPED]


def test_what_another_project_would_pay_to_stand_alone_is_no_business_of_this_one() -> None:
    fleet = Fleet.model_validate({"hosts": [{"name": "h0", "inventory": {"VCPU": 4}}]})
    for weight, seen in ((None, True), (5, False)):
        alone = policy({"kind": "exclusive", "weight": weight})
        theirs = StoredGroup(uid(1), "green", "u", policies=(alone,))
        there = Instance(uid(2), "green", None, uid(1), "h0", {"VCPU": 1}, uid(9))
        requested = RequestedPlacement(
            "blue", (RequestedInstance(uid(3), None, None, {"VCPU": 1}),), "pack", {}
        )
        composed = compose_application(
            requested, StoreContents(fleet, [theirs], [there]).snapshot()
        )
        assert (uid(1) in {group.name for group in composed.groups}) == seen
