"""The fewest hosts on which capacity must be freed, and how much of what."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.changes.fleet import CapacityFreed
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.explain import free_capacity
from groupsolver.solver.explain.free_capacity import _nearest, fewest_freed_hosts
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host


def texts(
    groups: list[dict[str, Any]], hosts: list[dict[str, Any]], *levels: str
) -> list[str] | None:
    case = ExplainCase(app(*groups), fleet(*hosts, levels=levels))
    changes = fewest_freed_hosts(case.application(), case.fleet, case.oracle, 30)
    if changes is None:
        return None
    return [change.describe() for change in changes]


def nearest(groups: list[dict[str, Any]], hosts: list[dict[str, Any]], *levels: str) -> list[str]:
    case = ExplainCase(app(*groups), fleet(*hosts, levels=levels))
    problem = Problem(case.application(), case.fleet.index)
    rows = _nearest(CompiledProblem(problem, case.fleet))
    return [case.fleet.names[row] for row in rows.tolist()]


def test_no_more_is_freed_than_is_needed() -> None:
    # 4 VCPU are needed, 6 - 5 = 1 is free: 3 are freed.
    assert texts([group("A", 1, vcpu=4)], [host("h1", 6, used={"VCPU": 5})]) == [
        "free 3 VCPU on h1"
    ]


def test_each_resource_class_is_freed_that_is_short() -> None:
    one = host("h1", 4, used={"VCPU": 3, "MEMORY_MB": 1024, "DISK_GB": 1})
    one["inventory"] |= {"MEMORY_MB": 2048, "DISK_GB": 9}
    needs = {"resources": {"VCPU": 2, "MEMORY_MB": 2048, "DISK_GB": 8}}
    # VCPU: 2 - 1; memory: 2048 - 1024 MB; of the disk 8 are free.
    case = ExplainCase(app({"name": "A", "members": [needs]}), fleet(one))
    changes = fewest_freed_hosts(case.application(), case.fleet, case.oracle, 30)
    assert changes is not None
    (change,) = changes
    assert isinstance(change, CapacityFreed)
    assert change.amounts == (("VCPU", 1), ("MEMORY_MB", 1024))


def test_capacity_that_no_host_has_cannot_be_freed() -> None:
    assert texts([group("A", 1, vcpu=5)], [host("h1", 4, used={"VCPU": 1})]) is None


def test_a_host_that_a_group_wants_alone_is_freed_of_all() -> None:
    # Of two, the one of which less is used; all of it, though 1 VCPU is enough for the member.
    hosts = [host("h1", 8, used={"VCPU": 4}), host("h0", 8, used={"VCPU": 1})]
    assert texts([group("A", 1, "exclusive")], hosts) == ["free 1 VCPU on h0"]


def test_a_rack_that_a_group_wants_alone_is_freed_of_all() -> None:
    # Rack r0 has two hosts in use, r1 one, of another size, and one that is empty.
    hosts = [
        host("a", 4, domains={"rack": "r0"}, used={"VCPU": 1}),
        host("b", 4, domains={"rack": "r0"}, used={"VCPU": 1}),
        host("c", 1, domains={"rack": "r1"}, used={"VCPU": 1}),
        host("d", 4, domains={"rack": "r1"}),
    ]
    alone = {"kind": "exclusive", "level": "rack"}
    found = texts([group("A", 1, alone, vcpu=2)], hosts, "rack")
    assert found == ["free 1 VCPU on c (rack r1)"]


def test_what_lost_members_need_is_freed() -> None:
    # Hosts of 3 with 1 in use: after the loss of one, the other takes 2 of 3 members. Nothing is
    # short where they run first (2 + 1): one host is freed of what the recovery needs there, and
    # the other too, since either may be lost.
    hosts = [host(name, 3, used={"VCPU": 1}) for name in ("h0", "h1")]
    found = texts([group("A", 3, {"kind": "survives"})], hosts)
    assert found == ["free 1 VCPU on h0", "free 1 VCPU on h1"]


def test_hosts_are_ordered_by_what_they_lack_in_proportion() -> None:
    # Of 2 VCPU: h1 lacks 2 / 4, h2 lacks 1 / 4, h3 nothing, h4 lacks 2 / 8,
    # and big lacks 2 / 100.
    hosts = [
        host("h1", 4, used={"VCPU": 4}),
        host("h2", 4, used={"VCPU": 3}),
        host("h3", 4),
        host("h4", 8, used={"VCPU": 9}),
        host("big", 100, used={"VCPU": 100}),
        host("off", 4, enabled=False),
        host("small", 1),
    ]
    assert nearest([group("A", 1, vcpu=2)], hosts) == ["h3", "big", "h2", "h4", "h1"]


def test_of_many_hosts_each_place_keeps_what_members_can_touch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(free_capacity, "MAX_HOSTS", 3)
    apart = {"kind": "anti-affinity", "level": "rack"}
    hosts = [
        host(f"h{rack}{i}", 4, domains={"rack": f"r{rack}"}, used={"VCPU": 4})
        for rack in range(3)
        for i in range(4)
    ]
    # One member touches one host: one of each rack is enough.
    assert nearest([group("A", 1, apart)], hosts, "rack") == ["h00", "h10", "h20"]


def test_hosts_whose_cells_have_the_resource_class_are_among_them() -> None:
    cells = [{"inventory": {"VCPU": 4}, "used": {"VCPU": 4}}]
    numa = {"name": "numa", "cells": cells}
    assert nearest([group("A", 1)], [numa, host("h1", 4, used={"VCPU": 4})]) == ["numa", "h1"]
