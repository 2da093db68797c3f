"""The fewest running members that move: which may, and where to."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.changes.fleet import MemberMoved
from groupsolver.solver.explain import move_members
from groupsolver.solver.explain.move_members import fewest_moves
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host

FAST = {"kind": "host-capabilities", "required": ["CUSTOM_FAST"]}
RUNS = {"name": "B"}


def running(id_: str, on: str, vcpu: int = 2, owner: str = "B") -> dict[str, Any]:
    return {"group": owner, "id": id_, "host": on, "resources": {"VCPU": vcpu}}


def moves(
    groups: list[dict[str, Any]],
    hosts: list[dict[str, Any]],
    *existing: dict[str, Any],
    own: list[str] | None = None,
) -> list[str] | None:
    case = ExplainCase(app(*groups, existing=existing), fleet(*hosts))
    changes = fewest_moves(case.application(), case.fleet, case.oracle, 0.5, own)
    if changes is None:
        return None
    return [
        f"{change.id}: {change.source} -> {change.target}"
        for change in changes
        if isinstance(change, MemberMoved)
    ]


FULL_FAST = host("fast", 2, used={"VCPU": 2}, traits=["CUSTOM_FAST"])


def test_the_member_in_the_way_moves_and_others_stay() -> None:
    hosts = [FULL_FAST, host("slow", 4, used={"VCPU": 2})]
    found = moves(
        [group("A", 1, FAST, vcpu=2), RUNS],
        hosts,
        running("B/0", "fast"),
        running("B/1", "slow"),
    )
    assert found == ["B/0: fast -> slow"]


def test_one_large_member_moves_rather_than_two_small_ones() -> None:
    # 2 VCPU are needed: one member of 2, or two of 1.
    hosts = [host("fast", 4, used={"VCPU": 4}, traits=["CUSTOM_FAST"]), host("slow", 4)]
    existing = [running("B/0", "fast", 1), running("B/1", "fast", 1), running("B/2", "fast", 2)]
    found = moves([group("A", 1, FAST, vcpu=2), RUNS], hosts, *existing)
    assert found == ["B/2: fast -> slow"]


def test_where_no_move_is_enough_there_is_none() -> None:
    # The other host is full as well, by what cannot be moved.
    hosts = [FULL_FAST, host("slow", 2, used={"VCPU": 2})]
    assert moves([group("A", 1, FAST, vcpu=2), RUNS], hosts, running("B/0", "fast")) is None


def test_members_of_other_owners_do_not_move() -> None:
    hosts = [FULL_FAST, host("slow", 4)]
    groups = [group("A", 1, FAST, vcpu=2), RUNS]
    assert moves(groups, hosts, running("B/0", "fast"), own=["A"]) is None
    assert moves(groups, hosts, running("B/0", "fast"), own=["A", "B"]) is not None


def test_a_member_keeps_the_rules_of_its_group() -> None:
    # B is apart from A: it cannot stay on A's host, and cannot join C, from which it is apart too.
    rules = [{"kind": "apart-from", "group": name} for name in ("A", "C")]
    hosts = [
        host("fast", 4, used={"VCPU": 2}, traits=["CUSTOM_FAST"]),
        host("c", 4, used={"VCPU": 1}),
        host("free", 4),
    ]
    groups = [group("A", 1, FAST), {"name": "B", "policies": rules}, {"name": "C"}]
    found = moves(groups, hosts, running("B/0", "fast"), running("C/0", "c", 1, "C"))
    assert found == ["B/0: fast -> free"]


@pytest.mark.parametrize(
    ("fast", "size"),
    [
        (FULL_FAST, None),  # the member's size is not known
        (FULL_FAST | {"enabled": False}, 2),  # its host would not take it again
        (FULL_FAST | {"used": {"VCPU": 1}}, 2),  # it says more than its host uses
    ],
)
def test_members_that_cannot_be_placed_again_do_not_move(
    fast: dict[str, Any], size: int | None
) -> None:
    there: dict[str, Any] = {"group": "B", "id": "B/0", "host": "fast"}
    if size is not None:
        there["resources"] = {"VCPU": size}
    hosts = [fast, host("slow", 4)]
    assert moves([group("A", 1, FAST, vcpu=2), RUNS], hosts, there) is None


def test_many_running_members_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(move_members, "MAX_RUNNING_MEMBERS", 1)
    hosts = [FULL_FAST, host("slow", 4, used={"VCPU": 2})]
    groups = [group("A", 1, FAST, vcpu=2), RUNS]
    assert moves(groups, hosts, running("B/0", "fast"), running("B/1", "slow")) is None


def test_policies_that_count_child_groups_are_not_tried() -> None:
    between = {"kind": "anti-affinity", "between": "children"}
    groups = [
        group("A", 1, FAST, vcpu=2),
        RUNS,
        {"name": "P", "groups": ["B"], "policies": [between]},
    ]
    assert moves(groups, [FULL_FAST, host("slow", 4)], running("B/0", "fast")) is None
