"""The best placement of a batch so far."""

from __future__ import annotations

from groupsolver import Application, Fleet
from groupsolver.solver.batch.incumbent import BatchIncumbent
from groupsolver.solver.batch.merging import MergedApplications
from groupsolver.solver.batch.problem import BatchProblem
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem
from tests.support.small_problems import budget


def incumbent(apps: dict[str, Application], hosts: Fleet, bound: int = 9) -> BatchIncumbent:
    merged = MergedApplications(apps)
    problem = compiled_problem(merged.app, hosts)
    batch = BatchProblem(merged, problem, merged.new_members, "cost", partial=True)
    return BatchIncumbent(batch, bound, budget())


APPS = {"a": app(group("x", 2), group("y", 1)), "b": app(group("x", 2))}
HOSTS = fleet(host("h1", cost=1), host("h2", cost=2))


def test_whole_applications_are_taken_and_members_of_others_dropped() -> None:
    best = incumbent(APPS, HOSTS)
    # Classes: a:x, a:y and b:x. Of b one member is missing.
    assert best.offer([(0, 0), (0, 1), (1, 0), (2, 0)])
    assert (best.value, best.placed, best.complete) == (3, (0,), False)
    assert best.result is not None
    assert best.result.placement == {"a:x/0": "h1", "a:x/1": "h2", "a:y/0": "h1"}
    assert best.result.objective == 1 + 2 + 1


def test_a_larger_value_comes_before_a_better_objective() -> None:
    best = incumbent(APPS, HOSTS, bound=3)
    assert best.offer([(2, 0), (2, 0)])
    assert not best.has_largest_value
    assert best.offer([(0, 1), (0, 1), (1, 1)])
    assert (best.value, best.has_largest_value) == (3, True)
    assert not best.offer([(2, 0), (2, 0)])
    assert best.offer([(0, 0), (0, 0), (1, 0)])
    assert best.result is not None
    assert best.result.objective == 3


def test_what_breaks_a_rule_is_not_taken() -> None:
    best = incumbent({"a": app(group("x", 2, "anti-affinity"))}, HOSTS)
    assert not best.offer([(0, 0), (0, 0)])
    assert (best.value, best.result) == (None, None)
    assert best.offer([(0, 0), (0, 1)])
    assert best.complete


def test_an_application_without_those_that_it_names_is_dropped() -> None:
    near = {"kind": "near", "group": "b:x"}
    best = incumbent({"a": app(group("y", 1, near)), "b": app(group("x", 1))}, HOSTS)
    assert best.offer([(0, 0)])
    assert (best.value, best.placed) == (0, ())
    assert best.offer([(0, 0), (1, 0)])
    assert best.placed == (0, 1)


def test_the_bound_of_the_value_only_falls() -> None:
    best = incumbent(APPS, HOSTS)
    best.prove_value(4)
    best.prove_value(6)
    assert best.value_bound == 4
