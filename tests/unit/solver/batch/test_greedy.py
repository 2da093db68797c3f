"""Placing applications one after another, each whole."""

from __future__ import annotations

from groupsolver import Application, Fleet
from groupsolver.solver.batch.greedy import GreedyBatch, place_greedily
from groupsolver.solver.batch.incumbent import BatchIncumbent
from groupsolver.solver.batch.merging import MergedApplications
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.value_bound import bound_value
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem
from tests.support.small_problems import budget, in_rack


def problem(apps: dict[str, Application], hosts: Fleet) -> BatchProblem:
    merged = MergedApplications(apps)
    compiled = compiled_problem(merged.app, hosts)
    return BatchProblem(merged, compiled, merged.new_members, "cost", partial=True)


def placed(apps: dict[str, Application], hosts: Fleet, seconds: float = 60.0) -> tuple[str, ...]:
    batch = problem(apps, hosts)
    bound = bound_value(batch, 10.0)
    best = BatchIncumbent(batch, bound.value, budget(seconds))
    place_greedily(batch, bound, best, budget(seconds))
    return tuple(batch.names[number] for number in best.placed)


def test_what_fits_is_placed_whole() -> None:
    apps = {"a": app(group("x", 3)), "b": app(group("x", 2)), "c": app(group("x", 2))}
    assert placed(apps, fleet(host("h1"))) == ("b", "c")


def test_an_application_that_does_not_fit_leaves_nothing_behind() -> None:
    batch = problem(
        {"a": app(group("x", 2), group("y", 3)), "b": app(group("x", 4))}, fleet(host("h1"))
    )
    # Of a, x fits and y does not: all 4 VCPU are free again for b.
    assert sorted(GreedyBatch(batch, budget()).place([0, 1])) == [(2, 0)] * 4


def test_groups_that_share_a_rack_are_placed_in_one() -> None:
    together = {"kind": "affinity", "level": "rack"}
    hosts = fleet(
        in_rack("a", "r1", 2), in_rack("b", "r2", 2), in_rack("c", "r2", 2), levels=("rack",)
    )
    assert placed({"a": app(group("x", 4, together))}, hosts) == ("a",)


def test_applications_that_name_each_other_are_placed_together() -> None:
    apps = {
        "a": app(group("x", 1, {"kind": "near", "group": "b:y"})),
        "b": app(group("y", 1, {"kind": "near", "group": "a:x"})),
    }
    assert placed(apps, fleet(host("h1"))) == ("a", "b")
    assert placed(apps, fleet(host("h1", 1), host("h2", 1))) == ()


def test_optional_members_come_last() -> None:
    apps = {"a": app(group("x", 3, at_least=1)), "b": app(group("y", 2))}
    batch = problem(apps, fleet(host("h1")))
    # b and the one member of a that is required, then one of the two others.
    assert sorted(GreedyBatch(batch, budget()).place([0, 1])) == [(0, 0)] * 2 + [(1, 0)] * 2


def test_without_time_nothing_is_placed() -> None:
    assert placed({"a": app(group("x", 1))}, fleet(host("h1")), seconds=1e-9) == ()
