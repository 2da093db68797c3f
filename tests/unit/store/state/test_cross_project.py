"""The reach of policies across projects."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.constraints.policy import Policy
from groupsolver.model.fleet import Fleet
from groupsolver.store.entities import StoredGroup
from groupsolver.store.state.cross_project import (
    binds_members_of,
    binds_project,
    is_effective,
    is_tenant_scoped,
)
from groupsolver.store.state.snapshot_cache import Snapshot
from tests.support.draws.store_contents import StoreContents, policy, uid

FLEET = Fleet.model_validate({"hosts": [{"name": "h0"}]})


def near(group: int, weight: int | None = None) -> Policy:
    return policy({"kind": "near", "group": uid(group), "weight": weight})


def snapshot(*groups: StoredGroup) -> Snapshot:
    return StoreContents(FLEET, list(groups)).snapshot()


def test_hard_policies_bind_every_project_and_soft_ones_those_that_may_join() -> None:
    group = StoredGroup(uid(1), "blue", "u", grants=("green",))
    hard, soft = near(2), near(2, weight=1)
    for tenant, soft_binds in (("blue", True), ("green", True), ("red", False)):
        assert binds_project(group, hard, tenant)
        assert binds_project(group, soft, tenant) == soft_binds


@pytest.mark.parametrize(
    ("owner", "grants", "effective"),
    [("blue", (), True), ("green", ("blue",), True), ("green", (), False), (None, (), False)],
    ids=["own", "granted", "not granted", "not stored"],
)
def test_a_policy_is_void_where_the_group_it_names_is_gone_or_may_not_be_named(
    owner: str | None, grants: tuple[str, ...], effective: bool
) -> None:
    group = StoredGroup(uid(1), "blue", "u")
    others = [StoredGroup(uid(2), owner, "u", grants=grants)] if owner else []
    assert is_effective(group, near(2), snapshot(group, *others)) == effective
    assert is_effective(group, policy({"kind": "anti-affinity"}), snapshot(group))


def test_a_policy_about_another_projects_group_binds_its_own_project_only() -> None:
    group = StoredGroup(uid(1), "blue", "u")
    named = StoredGroup(uid(2), "green", "u", grants=("blue",))
    now = snapshot(group, named)
    binding = [
        tenant
        for tenant in ("blue", "green", "red")
        if binds_members_of(group, near(2), {uid(2)}, tenant, now)
    ]
    assert binding == ["blue"]
    assert not binds_members_of(group, near(2), {uid(3)}, "blue", now)


def test_a_policy_about_a_group_of_its_own_project_binds_everyone_who_joins_it() -> None:
    group, named = StoredGroup(uid(1), "blue", "u"), StoredGroup(uid(2), "blue", "u")
    now = snapshot(group, named)
    assert binds_members_of(group, near(2), {uid(2)}, "green", now)


@pytest.mark.parametrize(
    ("document", "scoped"),
    [
        ({"kind": "exclusive", "scope": "tenant"}, True),
        ({"kind": "exclusive"}, False),
        ({"kind": "anti-affinity"}, False),
    ],
)
def test_only_exclusive_by_tenant_distinguishes_projects(
    document: dict[str, Any], scoped: bool
) -> None:
    assert is_tenant_scoped(policy(document)) == scoped
