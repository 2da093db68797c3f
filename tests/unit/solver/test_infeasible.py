"""The answer *infeasible*: its conflict of all rules, and its warning of disabled hosts."""

from __future__ import annotations

from groupsolver.solver.infeasible import (
    closed_host_warnings,
    conflict_of_all_rules,
    describe_new_members,
    infeasible_result,
)
from tests.support.small import group, host
from tests.support.small_problems import APART, Doc, SmallProblem, budget

SSD: Doc = {"kind": "host-capabilities", "required": ["SSD"]}


def test_new_members_are_described_in_singular_and_plural() -> None:
    assert describe_new_members("A", 1) == "1 new member of A is placed"
    assert describe_new_members("A", 2) == "2 new members of A are placed"


def test_the_conflict_has_every_hard_rule_and_every_size_but_no_soft_rule() -> None:
    soft = {"kind": "anti-affinity", "level": "rack", "weight": 1}
    problem = SmallProblem([group("A", 2, APART, soft), group("B", 1)], [host("h1")])
    conflict = conflict_of_all_rules(problem.compiled.problem)
    assert [(one.group, one.policy) for one in conflict.policies] == [
        ("A", "anti-affinity"),
        ("A", "members"),
        ("B", "members"),
    ]


def test_disabled_hosts_are_named_if_they_have_room_and_suit() -> None:
    hosts = [
        host("on", 9, traits=["SSD"]),
        host("good", 2, enabled=False, traits=["SSD"]),
        host("small", 1, enabled=False, traits=["SSD"]),
        host("plain", 2, enabled=False),
        host("overfull", 2, enabled=False, traits=["SSD"], used={"VCPU": 3}),
    ]
    problem = SmallProblem([group("A", 1, SSD, vcpu=2)], hosts)
    expected = ("disabled hosts that could have taken members: good",)
    assert closed_host_warnings(problem.compiled.problem) == expected
    result = infeasible_result(problem.compiled.problem, budget())
    assert (result.status, result.warnings) == ("infeasible", expected)


def test_a_soft_policy_rules_no_disabled_host_out() -> None:
    hosts = [host("on"), host("plain", enabled=False)]
    problem = SmallProblem([group("A", 1, SSD | {"weight": 1})], hosts)
    (warning,) = closed_host_warnings(problem.compiled.problem)
    assert warning.endswith(": plain")


def test_no_more_than_ten_disabled_hosts_are_named() -> None:
    hosts = [host(f"h{i}", enabled=False) for i in range(12)]
    (warning,) = closed_host_warnings(SmallProblem([group("A", 1)], hosts).compiled.problem)
    assert warning.endswith("h8, h9 and 2 more")
    enabled = SmallProblem([group("A", 1)], [host("h1")])
    assert closed_host_warnings(enabled.compiled.problem) == ()
