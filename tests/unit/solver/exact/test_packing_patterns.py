"""Patterns of hosts: types, kinds, what may be left over, what is enumerated."""

from __future__ import annotations

from typing import Any

import numpy as np

from groupsolver import Application, Fleet
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.solver.exact.packing_patterns import (
    Packing,
    left_over,
    packing_of,
    patterns_of,
)
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.relaxation.opening_floors import with_openings
from tests.support.small import group, host

Doc = dict[str, Any]
MANY_POINTS = 10**6  # points that allow any number of hosts


def packing(groups: list[Doc], hosts: list[Doc], price: int | None = 1) -> Packing | None:
    app = Application.model_validate({"groups": groups, "host_price": price})
    fleet = compile_fleet(Fleet.model_validate({"hosts": hosts}))
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    eligibility = with_openings(compiled, find_eligibility(compiled, "cost"))
    every = [np.flatnonzero(most > 0) for most in eligibility.max_members]
    return packing_of(compiled, eligibility, every)


def test_equal_members_and_hosts_are_types_and_kinds() -> None:
    groups = [group("A", 2, vcpu=3), group("B", 1, vcpu=3), group("C", 1, vcpu=4)]
    hosts = [host("h0", 10), host("h1", 8), host("h2", 10)]
    found = packing(groups, hosts)
    assert found is not None
    # The largest first: one of 4; then A and B, three of 3 in all.
    assert [(one.classes, one.number) for one in found.types] == [([2], 1), ([0, 1], 3)]
    assert sorted(kind.rows for kind in found.kinds) == [[0, 2], [1]]


def test_without_a_price_of_hosts_there_is_no_packing() -> None:
    assert packing([group("A", 2)], [host("h0")], price=None) is None


def test_every_pattern_of_a_host_is_found_where_much_may_be_left_over() -> None:
    hosts = [host(f"h{i}", 10) for i in range(3)]
    found = packing([group("A", 2, vcpu=4), group("B", 3, vcpu=3)], hosts)
    assert found is not None
    limits = [left_over(found, 0, 0, MANY_POINTS)]
    patterns = patterns_of(found, 0, limits, 100)
    assert patterns is not None
    # 4, 4+3, 4+3+3, 4+4, 3, 3+3, 3+3+3; 4+4+3 is 11.
    expected = [[0, 1], [0, 2], [0, 3], [1, 0], [1, 1], [1, 2], [2, 0]]
    assert sorted(patterns.tolist()) == expected
    assert patterns_of(found, 0, limits, 6) is None


def test_where_nothing_may_be_left_over_only_full_hosts_are_patterns() -> None:
    # 2 x 4 + 4 x 3 = 20: two hosts of 10 hold it only if each is full.
    hosts = [host(f"h{i}", 10) for i in range(4)]
    found = packing([group("A", 2, vcpu=4), group("B", 4, vcpu=3)], hosts)
    assert found is not None
    limit = left_over(found, 0, 0, 2)
    assert limit.most == 0
    patterns = patterns_of(found, 0, [limit], 100)
    assert patterns is not None
    assert patterns.tolist() == [[1, 2]]
    assert left_over(found, 0, 0, 1).most < 0  # one host is not enough


def test_hosts_in_use_cost_nothing_and_may_be_left_empty() -> None:
    hosts = [host("h0", 10, used={"VCPU": 4}), host("h1", 10)]
    found = packing([group("A", 2, vcpu=4)], hosts)
    assert found is not None
    # 6 on h0 and, for one point, 8 (more is of no use) on h1, less 8 that are taken.
    assert left_over(found, 0, 0, 1).most == 6 + 8 - 8
