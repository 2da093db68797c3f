"""Recoveries after each loss, by plain order and by the solver, against every placement tried."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from groupsolver.constraints.failures.recovery import Recovery, sound
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.view import View
from groupsolver.solver.pipeline import minimise
from groupsolver.solver.survivability import recovery as module
from groupsolver.solver.survivability.cutting import survives_rules
from groupsolver.solver.survivability.recovery import (
    LossRecovery,
    Recoveries,
    _combined,
    _fewest_unplaced,
)
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem

SURVIVES = {"kind": "survives"}


def recoveries(
    compiled: CompiledProblem, placement: dict[str, str], **more: Any
) -> list[LossRecovery]:
    finder = Recoveries(compiled, minimise, budget())
    view = View(compiled.problem, placement)
    return list(finder.of(survives_rules(compiled.problem), view, **more))


def problem(*vcpus: int, members: int, size: int = 1, rules: tuple[Any, ...] = ()) -> Any:
    hosts = [host(f"h{i}", vcpu) for i, vcpu in enumerate(vcpus)]
    return compiled_problem(app(group("A", members, SURVIVES, *rules, vcpu=size)), fleet(*hosts))


@pytest.fixture(params=["plain order", "solver"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "solver":
        monkeypatch.setattr(module, "MAX_QUICK_STEPS", 0)


@pytest.mark.usefixtures("either_way")
def test_each_loss_has_its_recovery() -> None:
    # Both members on h0; after its loss h1 and h2 take one each.
    (found,) = recoveries(problem(2, 1, 1, members=2), {"A/0": "h0", "A/1": "h0"})
    assert (found.loss.domains, found.recovery.least, found.recovery.most) == (("h0",), 0, 0)
    assert sorted(found.recovery.placement.values()) == ["h1", "h2"]


@pytest.mark.usefixtures("either_way")
def test_the_members_without_a_place_are_counted_exactly() -> None:
    # Three members on h0; h1 takes one and h2 none.
    where = {f"A/{i}": "h0" for i in range(3)}
    (found,) = recoveries(problem(3, 1, 0, members=3), where)
    assert (found.recovery.least, found.recovery.most) == (2, 2)
    assert list(found.recovery.placement.values()) == ["h1"]


@pytest.mark.usefixtures("either_way")
def test_survivors_keep_their_capacity_and_hard_rules_bind() -> None:
    # One on h0 and one on h1. After h0, h1 has room for another, which anti-affinity forbids.
    apart = {"kind": "anti-affinity"}
    where = {"A/0": "h0", "A/1": "h1"}
    worse = recoveries(problem(2, 2, members=2, rules=(apart,)), where)
    assert [found.recovery.most for found in worse] == [1, 1]
    assert [found.recovery.most for found in recoveries(problem(2, 2, members=2), where)] == [0, 0]


def test_places_of_the_last_placement_are_tried_first() -> None:
    compiled = problem(1, 1, 1, members=1)
    finder = Recoveries(compiled, minimise, budget())
    finder.witness["A: host h0"] = {"A/0": "h2"}
    view = View(compiled.problem, {"A/0": "h0"})
    (found,) = finder.of(survives_rules(compiled.problem), view)
    # Plain order would take h1.
    assert found.recovery.placement == {"A/0": "h2"}
    assert finder.witness == {"A: host h0": {"A/0": "h2"}}


def test_a_loss_is_not_looked_into_beyond_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two of three find no place, and one is proved at once: the host h2 of none.
    def no_solver(*_: Any) -> bool:
        raise AssertionError("the limit was exceeded already")

    compiled = problem(3, 0, 0, members=3)
    rules = survives_rules(compiled.problem)
    finder = Recoveries(compiled, no_solver, budget())
    view = View(compiled.problem, {f"A/{i}": "h0" for i in range(3)})
    (found,) = finder.of(rules, view, {rules[0][0]: 0})
    assert found.recovery.least > 0


def test_two_recoveries_make_the_better_placement_and_the_better_bound() -> None:
    one = Recovery(1, 3, {"a": "h0"})
    other = Recovery(0, 2, {"b": "h1"})
    assert _combined(one, other) == Recovery(1, 2, {"b": "h1"})
    assert _combined(other, one) == Recovery(1, 2, {"b": "h1"})


def fewest(compiled: CompiledProblem) -> int:
    """Return the fewest members without a host, over every sound placement of some of them."""
    ids = [member.id for member in compiled.problem.new_members]
    best = len(ids)
    for hosts in product([None, *compiled.fleet.names], repeat=len(ids)):
        placement = {id_: name for id_, name in zip(ids, hosts, strict=True) if name is not None}
        if sound(compiled.problem, placement):
            best = min(best, len(ids) - len(placement))
    return best


@pytest.mark.parametrize(
    ("vcpus", "members", "size", "rules"),
    [
        ((4, 3, 1), 4, 2, ()),  # 2 + 1 + 0 places
        ((4, 4), 3, 1, ({"kind": "anti-affinity"},)),  # 1 + 1
        ((4, 4), 3, 1, ({"kind": "within", "hosts": ["h1"]},)),
        ((5,), 2, 3, ()),
        ((9,), 2, 1, ()),
    ],
)
def test_the_model_counts_the_fewest_that_are_left_out(
    vcpus: tuple[int, ...], members: int, size: int, rules: tuple[Any, ...]
) -> None:
    hosts = fleet(*(host(f"h{i}", vcpu) for i, vcpu in enumerate(vcpus)))
    # What a loss leaves has a name for each member.
    named = [{"id": f"A/{i}", "resources": {"VCPU": size}} for i in range(members)]
    one_group = {"name": "A", "policies": list(rules), "members": named}
    compiled = compiled_problem(app(one_group), hosts)
    found = _fewest_unplaced(compiled, budget())
    best = fewest(compiled)
    assert (found.least, found.most) == (best, best)
    assert len(found.placement) == members - best


def test_a_policy_that_is_left_out_of_the_model_makes_its_bound_weaker() -> None:
    # Each member has to be beside one of B, which runs on h1: one place. The model has no `near`,
    # which more members could help: it places both, and that is not sound.
    near = {"kind": "near", "group": "B", "level": "host"}
    named = [{"id": f"A/{i}", "resources": {"VCPU": 1}} for i in range(2)]
    one_group = {"name": "A", "policies": [near], "members": named}
    existing = ({"group": "B", "id": "old", "host": "h1", "resources": {}},)
    compiled = compiled_problem(
        app(one_group, {"name": "B"}, existing=existing), fleet(host("h0", 1), host("h1", 1))
    )
    assert fewest(compiled) == 1
    assert _fewest_unplaced(compiled, budget()) == Recovery(0, 2, {})


def test_a_model_without_time_leaves_everything_open() -> None:
    compiled = compiled_problem(app(group("A", 2)), fleet(host("h0")))
    clock = budget()
    clock.stopped = True
    assert _fewest_unplaced(compiled, clock) == Recovery(0, 2, {})
