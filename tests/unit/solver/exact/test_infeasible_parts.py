"""Parts of a problem that are infeasible alone: which there are, and which are refuted."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Fleet
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.exact import infeasible_parts
from groupsolver.solver.exact.infeasible_parts import (
    _part_of_application,
    _parts,
    _rules_contradict,
    has_infeasible_part,
)
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem

APART = {"kind": "anti-affinity"}


def refuted(application: Application, hosts: Fleet, seconds: float = 60) -> bool:
    compiled = compiled_problem(application, hosts)
    return has_infeasible_part(compiled.problem, compiled.fleet, "cost", budget(seconds))


def problem(*groups: dict[str, Any], hosts: int = 3) -> Problem:
    return compiled_problem(app(*groups), fleet(*(host(f"h{i}") for i in range(hosts)))).problem


def test_parts_are_single_groups_and_groups_that_hard_rules_join() -> None:
    # A and B by a hard rule of A, B and C by one of C: one part. D's soft rule joins nothing.
    soft = {"kind": "apart-from", "group": "A", "weight": 1}
    found = problem(
        group("A", 1, {"kind": "apart-from", "group": "B"}),
        group("B", 1),
        group("C", 1, {"kind": "apart-from", "group": "B"}),
        group("D", 1, soft),
    )
    single = [frozenset(name) for name in "ABCD"]
    assert list(_parts(found)) == [*single, frozenset("ABC")]


def test_a_part_is_never_the_whole_problem() -> None:
    found = problem(group("A", 1, {"kind": "apart-from", "group": "B"}), group("B", 1))
    assert list(_parts(found)) == [frozenset("A"), frozenset("B")]


def test_a_group_that_is_impossible_alone_refutes_the_whole() -> None:
    # A has to be on three hosts; there are two.
    filler = group("B", 2)
    two_hosts = fleet(host("h0"), host("h1"))
    assert refuted(app(group("A", 3, APART), filler), two_hosts)
    assert not refuted(app(group("A", 2, APART), filler), two_hosts)


def test_two_groups_that_are_impossible_together_refute_the_whole() -> None:
    # Both have to be on h0, and A not beside B.
    within = {"kind": "within", "hosts": ["h0"]}
    apart = {"kind": "apart-from", "group": "B"}
    hosts = fleet(host("h0", 9), host("h1", 9))
    groups = [group("A", 1, within, apart), group("B", 1, within), group("C", 1)]
    assert refuted(app(*groups), hosts)
    assert not refuted(app(group("A", 1, apart), *groups[1:]), hosts)


def test_a_capacity_that_is_too_small_refutes_only_with_capacity() -> None:
    # Both have to be on h0, which has 4 VCPU for 3 + 3. The rules do not contradict each other.
    within = {"kind": "within", "hosts": ["h0"]}
    near = {"kind": "near", "group": "B", "level": "host"}
    application = app(
        group("A", 1, within, near, vcpu=3), group("B", 1, within, vcpu=3), group("C", 1)
    )
    compiled = compiled_problem(application, fleet(host("h0"), host("h1")))
    part = frozenset("AB")
    assert not _rules_contradict(compiled.problem, compiled.fleet, part, budget())
    assert has_infeasible_part(compiled.problem, compiled.fleet, "cost", budget())


def test_a_part_keeps_the_hard_rules_that_bind_it_as_they_bind_the_whole() -> None:
    # `near` is helped by members of B, so it goes with them; `anti-affinity` of A stays.
    near = {"kind": "near", "group": "B", "level": "host"}
    soft = {"kind": "spread", "level": "host", "max_skew": 1, "weight": 1}
    found = problem(group("A", 2, APART, near, soft, vcpu=2), group("B", 1))
    alone = _part_of_application(found, frozenset("A"))
    kinds = {one.name: [policy.kind for policy in one.policies] for one in alone.groups}
    assert kinds == {"A": ["anti-affinity"], "B": []}
    assert {one.name: sum(m.count for m in one.members) for one in alone.groups} == {"A": 2, "B": 0}
    both = _part_of_application(found, frozenset("AB"))
    assert [policy.kind for policy in both.groups[0].policies] == ["anti-affinity", "near"]
    without = _part_of_application(found, frozenset("A"), with_capacity=False)
    assert dict(without.groups[0].members[0].resources or {}) == {}


def test_no_part_is_tried_without_time(monkeypatch: pytest.MonkeyPatch) -> None:
    two_hosts = fleet(host("h0"), host("h1"))
    assert not refuted(app(group("A", 3, APART), group("B", 2)), two_hosts, seconds=1e-9)


def test_a_part_with_too_many_candidates_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_search(*_: Any) -> None:
        raise AssertionError("a search of more candidates than are allowed")

    monkeypatch.setattr(infeasible_parts, "MAX_CANDIDATES", 0)
    monkeypatch.setattr(infeasible_parts, "construct", lambda *_: ())
    monkeypatch.setattr(infeasible_parts, "solve_candidates", no_search)
    assert not refuted(app(group("A", 2, APART), group("B", 1)), fleet(host("h0"), host("h1")))
