"""Some groups' new members alone, with the policies that are kept."""

from __future__ import annotations

from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.rules import rules_of
from groupsolver.solver.presolve.subproblem import build_subproblem, policies_where
from tests.support.small import group, host
from tests.support.small_problems import AFFINITY, APART, SmallProblem

HOSTS = [host("h1"), host("h2")]


def test_other_groups_lose_their_new_members_and_keep_their_running_ones() -> None:
    existing = [{"group": "B", "id": "B/0", "host": "h2"}]
    problem = SmallProblem(
        [group("A", 2, APART), group("B", 3, vcpu=2)], HOSTS, existing=existing
    ).compiled.problem
    app = build_subproblem(problem, frozenset("A"), lambda _: ())
    part = Problem(app, problem.hosts)
    assert [member.id for member in part.new_members] == ["A/0", "A/1"]
    assert rules_of(part).all == ()
    # B/0 had its size from the members of B, which are left out: it keeps it.
    (running,) = part.running_members
    assert (running.id, running.host, running.resources) == ("B/0", "h2", {"VCPU": 2})


def test_ignored_resource_classes_are_taken_by_no_new_member() -> None:
    members = [{"resources": {"VCPU": 2, "MEMORY_MB": 8}, "count": 2}]
    problem = SmallProblem([{"name": "A", "members": members}], HOSTS).compiled.problem
    app = build_subproblem(problem, frozenset("A"), lambda _: (), {"VCPU"})
    assert {member.size for member in Problem(app, problem.hosts).new_members} == {
        (("MEMORY_MB", 8),)
    }


def test_policies_are_kept_by_group_and_policy() -> None:
    problem = SmallProblem(
        [group("A", 1, APART, AFFINITY), group("B", 1, APART)], HOSTS
    ).compiled.problem
    kept = policies_where(problem, lambda group, policy: group == "A" and policy.kind == "affinity")
    assert [policy.kind for policy in kept("A")] == ["affinity"]
    assert kept("B") == ()
