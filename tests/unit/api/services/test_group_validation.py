"""Which groups are valid together with those that are stored."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.api.http.errors import ApiError
from groupsolver.api.services.group_validation import (
    check_application,
    check_depth,
    descendants,
)
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.store.entities import StoredGroup

HOSTS = HostIndex(("zone", "rack"), ())


def group(key: str, *children: str, policies: tuple[Any, ...] = ()) -> StoredGroup:
    return StoredGroup(key, "shop", "ann", policies=policies, groups=children)


def refusal(
    new: StoredGroup, *others: StoredGroup, foreign: tuple[str, ...] = ()
) -> tuple[str, str]:
    with pytest.raises(ApiError) as caught:
        check_application(new, others, foreign=foreign, hosts=HOSTS)
    fault = caught.value.faults[0]
    return fault.code, fault.path


def test_a_group_whose_levels_and_targets_exist_is_valid() -> None:
    policies = (
        AntiAffinity(level="rack"),
        ApartFrom(group="b"),
        ApartFrom(group="x", level="rack"),
    )
    check_application(group("a", policies=policies), [group("b")], foreign=["x"], hosts=HOSTS)


def test_a_level_that_the_fleet_lacks_is_a_fault_of_the_policy() -> None:
    new = group("a", policies=(AntiAffinity(level="row"),))
    assert refusal(new) == ("unknown-level", "group.policies[0].level")


def test_a_repeated_policy_is_a_fault_of_the_policy() -> None:
    code, path = refusal(group("a", policies=(AntiAffinity(), AntiAffinity())))
    assert (code, path.startswith("group.policies")) == ("repeated-policy", True)


def test_a_cycle_through_another_group_is_a_fault_of_the_children() -> None:
    assert refusal(group("a", "b"), group("b", "a")) == ("nested-in-itself", "group.groups")


def test_another_groups_policy_on_a_foreign_group_does_not_count() -> None:
    other = group("b", policies=(ApartFrom(group="gone"),))
    check_application(group("a", policies=(AntiAffinity(),)), [other], foreign=[], hosts=HOSTS)


CHAIN = [group("b", "c"), group("c", "d"), group("d")]


@pytest.mark.parametrize(("depth", "valid"), [(4, True), (3, False)])
def test_nesting_has_a_depth(depth: int, valid: bool) -> None:
    new = group("a", "b")
    if valid:
        check_depth(new, CHAIN, depth)
        return
    with pytest.raises(ApiError) as caught:
        check_depth(new, CHAIN, depth)
    assert [(fault.code, fault.path) for fault in caught.value.faults] == [
        ("too-deep", "group.groups")
    ]


def test_a_group_in_the_middle_counts_what_is_above_it() -> None:
    above = group("top", "a")
    with pytest.raises(ApiError):
        check_depth(group("a", "b"), [above, *CHAIN], 4)


def test_a_group_without_children_is_never_too_deep() -> None:
    check_depth(group("a"), [group("top", "a"), *CHAIN], 1)


def test_descendants_are_the_group_and_all_below_it() -> None:
    others = [*CHAIN, group("other", "d")]
    assert [one.id for one in descendants(group("a", "b", "gone"), others)] == ["a", "b", "c", "d"]
