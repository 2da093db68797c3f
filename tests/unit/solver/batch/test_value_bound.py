"""Upper bounds of the value of a batch."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Fleet
from groupsolver.solver.batch.merging import MergedApplications
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.value_bound import ValueBound, bound_value
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem


def bound(
    apps: dict[str, Application], hosts: Fleet, seconds: float = 10.0, **values: int
) -> ValueBound:
    merged = MergedApplications(apps)
    problem = compiled_problem(merged.app, hosts)
    worth = {**merged.new_members, **values}
    return bound_value(BatchProblem(merged, problem, worth, "cost", partial=True), seconds)


def test_capacity_bounds_the_value() -> None:
    # 4 VCPU are free: of values 3, 2 and 2, which take as many VCPU, 4 are the most.
    apps = {"a": app(group("x", 3)), "b": app(group("x", 2)), "c": app(group("x", 2))}
    assert bound(apps, fleet(host("h1"))).value == 4


def test_all_fit_where_nothing_is_scarce() -> None:
    found = bound({"a": app(group("x", 3))}, fleet(host("h1")))
    assert (found.value, found.impossible, found.rows) == (3, {}, ())


def test_without_time_the_bound_is_that_of_what_is_possible_alone() -> None:
    apps = {"a": app(group("x", 3)), "b": app(group("x", 2)), "big": app(group("x", 9))}
    found = bound(apps, fleet(host("h1")), seconds=0.0)
    assert found.value == 5
    assert list(found.impossible) == [2]


def test_hosts_that_suit_few_bound_them() -> None:
    # Each application needs a GPU host; there is one, with 4 VCPU, beside three others.
    gpu = {"kind": "host-capabilities", "required": ["GPU"]}
    apps = {name: app(group("x", 3, gpu)) for name in "ab"}
    hosts = fleet(host("h1", traits=["GPU"]), host("h2"), host("h3"), host("h4"))
    # x = 1 + 1/3: 3 members and one more.
    assert bound(apps, hosts).value == 4


def test_whole_members_are_counted() -> None:
    # Two hosts of 5 VCPU take a member of 3 VCPU each, though 10 VCPU are free.
    apps = {name: app(group("x", 1, vcpu=3)) for name in "abc"}
    assert bound(apps, fleet(host("h1", 5), host("h2", 5))).value == 2


def test_what_needs_an_impossible_application_is_impossible() -> None:
    near = {"kind": "near", "group": "big:x"}
    apps = {"big": app(group("x", 9)), "a": app(group("y", 1, near)), "b": app(group("z", 1))}
    found = bound(apps, fleet(host("h1")))
    assert (found.value, sorted(found.impossible)) == (1, [0, 1])
    assert "names groups of big" in found.impossible[1]


def test_an_application_counts_with_those_that_it_needs() -> None:
    # a (value 9) needs b, and both take 5 of 4 VCPU: 9 x + 2 y with 1 x + 4 y <= 4 and x <= y.
    near = {"kind": "near", "group": "b:x"}
    apps = {"a": app(group("y", 1, near)), "b": app(group("x", 4))}
    # x = y = 4/5: 0.8 * (9 + 2) = 8.8.
    assert bound(apps, fleet(host("h1")), a=9, b=2).value == 8


def test_a_pool_counts_once() -> None:
    disk: dict[str, Any] = {"members": [{"resources": {"DISK_GB": 60}}]}
    apps = {name: Application.model_validate({"groups": [{"name": "x", **disk}]}) for name in "ab"}
    hosts = Fleet.model_validate(
        {
            "hosts": [host("h1"), host("h2")],
            "pools": [{"name": "ceph", "inventory": {"DISK_GB": 100}, "hosts": ["h1", "h2"]}],
        }
    )
    assert bound(apps, hosts).value == 1


@pytest.mark.parametrize("wrong", [0.0, 0.3, 7.0, 1e9])
def test_the_bound_holds_at_any_multipliers(wrong: float, monkeypatch: pytest.MonkeyPatch) -> None:
    from groupsolver.solver.batch import value_bound

    def solved(program: Any, _seconds: float, _back_end: str) -> Any:
        from groupsolver.solver.linear_program import Optimum

        rows = len(program.row_high)
        import numpy as np

        return Optimum(0.0, np.zeros(len(program.cost)), np.full(rows, -wrong))

    monkeypatch.setattr(value_bound, "solve_linear", solved)
    apps = {"a": app(group("x", 3)), "b": app(group("x", 2)), "c": app(group("x", 2))}
    assert 4 <= bound(apps, fleet(host("h1"))).value <= 7
