"""Whether an application stays impossible on an empty fleet."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Limits
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.empty_fleet import impossible_on_empty_fleet
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host

RUNNING = {"group": "B", "id": "B/0", "host": "h1", "resources": {"VCPU": 2}}


def never(case: ExplainCase) -> bool | None:
    return impossible_on_empty_fleet(case.rules, case.fleet, case.conflict(), case.oracle)


def case_of(
    groups: list[dict[str, Any]], *hosts: dict[str, Any], existing: tuple[Any, ...] = ()
) -> ExplainCase:
    return ExplainCase(app(*groups, existing=existing), fleet(*hosts))


def test_a_member_that_only_usage_keeps_out_would_fit() -> None:
    assert never(case_of([group("A", 1, vcpu=4)], host("h1", 4, used={"VCPU": 1}))) is False


def test_a_member_larger_than_every_host_would_not() -> None:
    assert never(case_of([group("A", 1, vcpu=5)], host("h1", 4, used={"VCPU": 1}))) is True


def test_rules_that_do_not_depend_on_usage_are_not_asked_about() -> None:
    case = case_of([group("A", 2, "anti-affinity")], host("h1", used={"VCPU": 1}))
    conflict = case.conflict()
    case.oracle.budget = Budget(Limits(seconds=1e-9), None)  # no question can be asked any more
    assert impossible_on_empty_fleet(case.rules, case.fleet, conflict, case.oracle) is True


def test_disabled_hosts_stay_disabled_and_those_above_capacity_do_not_stay_so() -> None:
    within = {"kind": "within", "hosts": ["h2"]}
    disabled = host("h2", used={"VCPU": 1}, enabled=False)
    assert never(case_of([group("A", 1, within)], host("h1"), disabled)) is True
    above = host("h2", used={"VCPU": 9})
    assert never(case_of([group("A", 1, within)], host("h1"), above)) is False


def test_cells_are_emptied_too() -> None:
    cells = [{"inventory": {"VCPU": 4}, "used": {"VCPU": 4}}]
    assert never(case_of([group("A", 1)], {"name": "numa", "cells": cells})) is False


def test_running_members_of_the_application_are_gone_and_new_ones_keep_their_ids() -> None:
    apart = {"kind": "apart-from", "group": "B"}
    groups = [group("A", 1, apart), {"name": "B"}]
    case = case_of(groups, host("h1", used={"VCPU": 2}), existing=(RUNNING,))
    assert never(case) is False
    # Of B's two members one runs. On one host, A and the other one contradict each other anyhow.
    case = case_of(
        [group("A", 1, apart), group("B", 2)], host("h1", used={"VCPU": 2}), existing=(RUNNING,)
    )
    assert never(case) is True


def test_what_is_possible_for_the_conflict_alone_may_be_impossible_for_the_whole() -> None:
    # The conflict found: A does not fit beside what runs. On the empty fleet B is still too large.
    groups = [group("A", 1, vcpu=4), group("B", 1, vcpu=5)]
    case = case_of(groups, host("h1", 4, used={"VCPU": 1}))
    assert {getattr(atom, "group", None) for atom in case.conflict().atoms} == {"A", None}
    assert never(case) is True


@pytest.mark.parametrize("seconds", [1e-9])
def test_without_time_it_is_not_decided(seconds: float) -> None:
    case = case_of([group("A", 1, vcpu=4)], host("h1", 4, used={"VCPU": 1}))
    conflict = case.conflict()
    case.oracle.budget = Budget(Limits(seconds=seconds), None)
    assert impossible_on_empty_fleet(case.rules, case.fleet, conflict, case.oracle) is None
