"""The reach of policies across projects."""

from __future__ import annotations

import pytest

from groupsolver.cluster.state.group_table import GroupTable
from groupsolver.constraints.policy import Policy
from groupsolver.store.entities import StoredGroup
from groupsolver.store.state.cross_project import ProjectReach
from tests.support.draws.store_contents import policy, uid

ALONE = {"kind": "exclusive"}


def near(group: int, weight: int | None = None) -> Policy:
    return policy({"kind": "near", "group": uid(group), "weight": weight})


def reach(tenant: str, *groups: StoredGroup) -> ProjectReach:
    return ProjectReach(tenant, GroupTable(groups))


def test_hard_policies_bind_every_project_and_soft_ones_those_that_may_join() -> None:
    group = StoredGroup(uid(1), "blue", "u", grants=("green",))
    hard, soft = policy({"kind": "affinity"}), policy({"kind": "affinity", "weight": 1})
    for tenant, soft_binds in (("blue", True), ("green", True), ("red", False)):
        assert reach(tenant, group).binds_members(uid(1), hard)
        assert reach(tenant, group).binds_members(uid(1), soft) == soft_binds


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
    assert reach("blue", group, *others).binds_members(uid(1), near(2)) == effective
    assert reach("blue", group).binds_members(uid(1), policy({"kind": "anti-affinity"}))


def test_a_policy_about_another_projects_group_binds_its_own_project_only() -> None:
    group = StoredGroup(uid(1), "blue", "u")
    named = StoredGroup(uid(2), "green", "u", grants=("blue",))
    binding = [
        tenant
        for tenant in ("blue", "green", "red")
        if reach(tenant, group, named).binds_others(uid(1), near(2), {uid(2)})
    ]
    assert binding == ["blue"]
    assert not reach("blue", group, named).binds_others(uid(1), near(2), {uid(3)})


def test_a_policy_about_a_group_of_its_own_project_binds_everyone_who_joins_it() -> None:
    group, named = StoredGroup(uid(1), "blue", "u"), StoredGroup(uid(2), "blue", "u")
    assert reach("green", group, named).binds_others(uid(1), near(2), {uid(2)})


@pytest.mark.parametrize("kind", [ALONE, {"kind": "survives"}], ids=lambda kind: str(kind["kind"]))
def test_what_binds_all_comers_binds_other_projects_where_it_is_hard(kind: dict[str, str]) -> None:
    group = StoredGroup(uid(1), "blue", "u", grants=("green",))
    soft = policy({**kind, "weight": 1})
    for tenant, soft_binds in (("blue", True), ("green", False), ("red", False)):
        assert reach(tenant, group).binds_others(uid(1), policy(kind), set())
        assert reach(tenant, group).binds_others(uid(1), soft, set()) == soft_binds
