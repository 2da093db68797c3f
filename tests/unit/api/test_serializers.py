"""Values as bodies, with and without names of hosts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from groupsolver.api.http.call import Call
from groupsolver.api.serializers import (
    granted_view,
    group_view,
    host_id,
    instance_view,
    timestamp,
    visible_placement,
)
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.within import Within
from groupsolver.store.entities import Instance, StoredGroup

INSTANCE, PLACEMENT, SHARED, CHILD, KNOWN, OURS, THEIRS = (
    f"0000000{n}-0000-4000-8000-000000000000" for n in range(7)
)


def call(tenant: str = "shop", *, sees_hosts: bool = False) -> Call:
    return cast(Call, SimpleNamespace(tenant=tenant, sees_hosts=sees_hosts))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, None), (0.0, "1970-01-01T00:00:00Z"), (1.9, "1970-01-01T00:00:01Z")],
)
def test_a_time_is_shown_to_the_second(seconds: float | None, text: str | None) -> None:
    assert timestamp(seconds) == text


def test_a_host_id_is_novas() -> None:
    # It is the hash of the project and the host, one after the other.
    assert host_id("shop", "h0") == host_id("sho", "ph0")
    assert host_id("shop", "h0") != host_id("bank", "h0")
    assert len(host_id("shop", "h0")) == 56


@pytest.mark.parametrize("sees_hosts", [True, False])
def test_hosts_and_cells_are_shown_to_those_who_may_see_them(sees_hosts: bool) -> None:
    one = Instance(INSTANCE, "shop", None, None, "h0", {"VCPU": 1}, PLACEMENT, cell="0")
    view = instance_view(call(sees_hosts=sees_hosts), one)
    assert (view.host, view.cell) == (("h0", "0") if sees_hosts else (None, None))
    assert view.hostId == host_id("shop", "h0")
    body: dict[str, Any] = {"placement": {"id": "p", "instances": [{"host": "h0", "cell": "0"}]}}
    shown = visible_placement(call(sees_hosts=sees_hosts), body)["placement"]
    assert shown["id"] == "p"
    assert (shown["instances"][0]["host"] is None) == (not sees_hosts)
    assert body["placement"]["instances"][0]["host"] == "h0"


GROUP = StoredGroup(
    SHARED,
    "bank",
    "bob",
    "shared",
    policies=(
        AntiAffinity.model_validate({"level": "rack", "x-note": "secret"}),
        Within(hosts=("h0",)),
        ApartFrom(group=KNOWN),
        ApartFrom(group=CHILD),
    ),
    metadata={"a": "b"},
    groups=(CHILD,),
    members=(THEIRS, OURS),
    grants=("shop",),
    foreign={OURS: "shop"},
)


def test_a_project_sees_of_a_granted_group_what_binds_it() -> None:
    view = granted_view(call(), GROUP, {KNOWN})
    assert view.policies == (AntiAffinity(level="rack"), ApartFrom(group=KNOWN))
    assert (view.metadata, view.groups) == (None, ())
    assert (view.members, view.other_members) == ((OURS,), 1)


def test_policies_that_name_hosts_are_shown_to_those_who_may_see_hosts() -> None:
    view = granted_view(call(sees_hosts=True), GROUP, set())
    assert [policy.kind for policy in view.policies] == ["anti-affinity", "within"]


def test_the_owner_sees_all_but_the_members_of_others() -> None:
    view = group_view(GROUP)
    assert (view.policies, view.metadata) == (GROUP.policies, {"a": "b"})
    assert (view.members, view.other_members) == ((THEIRS,), 1)
    alone = StoredGroup(SHARED, "bank", "bob", members=(THEIRS,))
    assert group_view(alone).other_members is None
