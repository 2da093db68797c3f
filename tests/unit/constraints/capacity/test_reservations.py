"""Hosts that are reserved for members that require traits, for the checker."""

from __future__ import annotations

from typing import Any

from groupsolver import Fleet, check, solve
from groupsolver.constraints.capacity.host_capacity import Lack
from groupsolver.constraints.capacity.reservations import closed_hosts, reserved_text
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Host
from tests.support.small import app, group, host

WINDOWS = {"kind": "host-capabilities", "required": ["WINDOWS"]}
KEPT = host("kept", traits=["WINDOWS"], reserved_for=["WINDOWS"])


def problem_of(*groups: dict[str, Any], hosts: tuple[dict[str, Any], ...] = (KEPT,)) -> Problem:
    values = tuple(map(Host.model_validate, hosts))
    return Problem(app(*groups), HostIndex((), values))


def test_members_that_do_not_require_the_trait_are_counted() -> None:
    problem = problem_of(group("A", 2), group("B", 1, WINDOWS))
    placement = {"A/0": "kept", "A/1": "kept", "B/0": "kept"}
    sentence = "kept is reserved for members that require WINDOWS, which A does not require"
    assert list(closed_hosts(problem, placement)) == [Lack("reserved", sentence, 2)]


def test_all_of_the_traits_must_be_required() -> None:
    both = host("both", traits=["WINDOWS", "GPU"], reserved_for=["WINDOWS", "GPU"])
    problem = problem_of(group("B", 1, WINDOWS), hosts=(both,))
    assert [lack.measure for lack in closed_hosts(problem, {"B/0": "both"})] == [1]
    assert reserved_text(Host.model_validate(both)).endswith("require WINDOWS and GPU")


def test_a_group_above_may_require_it_and_a_soft_policy_does_not() -> None:
    above = {"name": "P", "groups": ["A"], "policies": [WINDOWS]}
    assert not list(closed_hosts(problem_of(group("A", 1), above), {"A/0": "kept"}))
    soft = group("A", 1, WINDOWS | {"weight": 1})
    assert list(closed_hosts(problem_of(soft), {"A/0": "kept"}))


def test_what_runs_there_may_stay_and_nothing_follows() -> None:
    fleet = Fleet.model_validate({"hosts": [KEPT, host("free")]})
    there = {"group": "A", "id": "A/0", "host": "kept"}
    application = app(group("A", 2), existing=(there,))
    result = solve(application, fleet, objective="cost")
    assert result.placement == {"A/1": "free"}
    assert not check(application, fleet, {"A/1": "free"}).violations
    (violation,) = check(application, fleet, {"A/1": "kept"}).violations
    assert violation.policy == "reserved"


def test_a_host_reserved_for_a_trait_that_it_lacks_is_warned_of() -> None:
    useless = host("useless", reserved_for=["WINDOWS"])
    (warning,) = problem_of(group("A", 1), hosts=(useless, host("h2"))).warnings
    assert warning == (
        "host 'useless' is reserved for WINDOWS, which it has not: nothing new lands there"
    )


def test_an_infeasible_answer_names_the_reserved_hosts_with_room() -> None:
    fleet = Fleet.model_validate({"hosts": [KEPT, host("small", 1)]})
    result = solve(app(group("A", 1, vcpu=2)), fleet)
    assert result.status == "infeasible"
    assert result.warnings[0] == "hosts reserved for others that could have taken members: kept"
