"""Solves with members that may be left out."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, Result, solve
from groupsolver.solver.optional_members import pipeline
from tests.support.small import app, fleet, group, host

ONE = Limits(seconds=60, workers=1)


def answer(of: Application, hosts: Fleet, **more: Any) -> Result:
    return solve(of, hosts, limits=ONE, **more)


def test_all_are_placed_where_there_is_room() -> None:
    result = answer(app(group("A", 3, at_least=1)), fleet(host("h1")))
    assert (result.status, len(result.placement or {}), result.left_out) == ("optimal", 3, ())


def test_the_last_of_equal_members_are_left_out() -> None:
    result = answer(app(group("A", 5, at_least=2)), fleet(host("h1", 3)))
    assert (result.status, result.left_out) == ("optimal", ("A/3", "A/4"))


def test_fewer_than_required_is_impossible() -> None:
    result = answer(app(group("A", 5, at_least=4)), fleet(host("h1", 3)))
    assert (result.status, result.left_out) == ("infeasible", ())
    assert result.conflict is not None
    assert "at least 4 new members of A are placed" in [
        one.sentence for one in result.conflict.policies
    ]
    assert "A at_least 4 -> 3 members" in [fix.change for fix in result.conflict.fixes]


def test_value_comes_before_the_objective() -> None:
    # The dear host is worth the second member.
    dear, cheap = host("h1", 1, cost=1000), host("h2", 1)
    result = answer(app(group("A", 2, at_least=1)), fleet(dear, cheap), objective="cost")
    assert (result.objective, result.left_out) == (1000, ())


def test_of_selections_of_one_value_the_best_objective_counts() -> None:
    # Either A or B fits; B takes no part in the policy that costs 7.
    priced = {"kind": "within", "hosts": ["h9"], "weight": 7}
    of = app(group("A", 1, priced, at_least=0), group("B", 1, at_least=0))
    result = answer(of, fleet(host("h1", 1), host("h9", 0)), objective="cost")
    assert (result.objective, result.left_out) == (0, ("A/0",))


def test_tiers_are_compared_among_selections_of_one_value() -> None:
    # Either A or B fits: A costs 1 in the first tier, B 100 of the objective.
    ranked = {"kind": "within", "hosts": ["h9"], "weight": 1, "priority": 0}
    dear = {"kind": "within", "hosts": ["h9"], "weight": 100}
    of = app(group("A", 1, ranked, at_least=0), group("B", 1, dear, at_least=0))
    result = answer(of, fleet(host("h1", 1), host("h9", 0)), objective="cost")
    assert (result.status, result.objective, result.left_out) == ("optimal", 100, ("A/0",))


def test_policies_speak_of_the_members_that_are_placed() -> None:
    # 40 % of five are two, and of four one: on three hosts there are 1, 1 and 1 of three.
    policy = {"kind": "anti-affinity", "max_percent": 40}
    hosts = fleet(*(host(f"h{n}", 1) for n in range(3)))
    result = answer(app(group("A", 5, policy, at_least=1)), hosts)
    assert (result.status, result.left_out) == ("optimal", ("A/3", "A/4"))


def test_a_reserve_is_for_the_members_that_are_placed() -> None:
    hosts = fleet(*(host(f"h{n}", 1) for n in range(4)))
    of = app(group("A", 6, {"kind": "survives", "level": "host"}, at_least=1))
    result = answer(of, hosts)
    assert (result.status, result.left_out) == ("optimal", ("A/3", "A/4", "A/5"))
    assert result.witness is not None


def test_what_runs_already_is_not_required_again() -> None:
    running = ({"group": "A", "id": "A/0", "host": "h1", "resources": {"VCPU": 1}},)
    of = app(group("A", 3, at_least=1), existing=running)
    result = answer(of, fleet(host("h1", 1, used={"VCPU": 1})))
    assert (result.status, result.placement) == ("optimal", {})
    assert result.left_out == ("A/1", "A/2")


def test_a_thousand_members_on_a_fleet_for_six_hundred() -> None:
    hosts = fleet(*(host(f"h{n}", 12) for n in range(50)))
    result = answer(app(group("A", 1000, at_least=200)), hosts)
    assert (result.status, len(result.left_out)) == ("optimal", 400)


def test_without_time_for_the_model_the_greedy_selection_is_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "MANY_CANDIDATES", 0)
    monkeypatch.setattr(pipeline, "CANDIDATES_PER_SECOND", 0)
    # Of 6 VCPU the members of 2 take all; 3 of them are worth 3.
    of = app(group("A", 4, vcpu=2, at_least=1), group("B", 3, vcpu=3, at_least=0))
    result = answer(of, fleet(host("h1", 6)))
    assert (result.status, len(result.placement or {})) == ("feasible", 3)
    assert result.bound is not None
    assert result.bound < (result.objective or 0)


@pytest.mark.parametrize("seconds", [1e-6, 0.001, 0.01])
def test_too_little_time_is_no_proof(seconds: float) -> None:
    hosts = fleet(*(host(f"h{n}", 7) for n in range(20)))
    of = app(*(group(name, 60, vcpu=vcpu, at_least=1) for name, vcpu in (("A", 2), ("B", 3))))
    result = solve(of, hosts, limits=Limits(seconds=seconds, workers=1))
    assert result.status in {"unknown", "feasible"}
    assert result.status == "unknown" or (result.bound or 0) < (result.objective or 0)


def test_a_watcher_stops_it() -> None:
    hosts = fleet(*(host(f"h{n}", 7) for n in range(20)))
    of = app(group("A", 60, vcpu=2, at_least=1), group("B", 60, vcpu=3, at_least=1))
    result = solve(of, hosts, limits=ONE, progress=lambda _: True)
    assert result.status == "unknown"
