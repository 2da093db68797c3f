"""What rises in price is spread evenly, and what is scarce is left to those that need it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, Result, check, solve
from groupsolver.model.result import Objective
from tests.support.small import app, fleet, group, host

SOFT_APART = {"kind": "anti-affinity", "weight": 1}


def answer(
    application: Application, there: Fleet, objective: Objective = "cost"
) -> tuple[Result, list[int]]:
    """The optimal answer, and how many members each host has, the fewest first."""
    result = solve(application, there, objective=objective, limits=Limits(workers=1))
    assert result.status == "optimal"
    assert result.placement is not None
    verdict = check(application, there, result.placement, objective=objective)
    assert (verdict.violations, verdict.objective) == ((), result.objective)
    return result, sorted(Counter(result.placement.values()).values())


def hosts(number: int, vcpu: int = 64, **more: Any) -> list[dict[str, Any]]:
    return [host(f"h{i}", vcpu, **more) for i in range(number)]


def test_nine_members_that_would_keep_apart_are_three_on_each_of_three_hosts() -> None:
    result, counts = answer(app(group("A", 9, SOFT_APART)), fleet(*hosts(3)))
    assert counts == [3, 3, 3]
    # On each host two are above the limit of one: 1 + 2, at weight 1.
    assert result.objective == 3 * (1 + 2)


@pytest.mark.parametrize("groups", [1, 4, 16])
def test_sixteen_members_are_four_on_each_of_four_hosts_under_spread(groups: int) -> None:
    application = app(*(group(f"A{i}", 16 // groups) for i in range(groups)))
    result, counts = answer(application, fleet(*hosts(4)), "spread")
    assert counts == [4, 4, 4, 4]
    # All hosts are free: 1000 - 1000 for each. The members of a host cost 0, 1000, 2000 and 3000.
    assert result.objective == 4 * (1000 + 2000 + 3000)


def test_child_groups_above_the_limit_rise_in_price_too() -> None:
    children = [group(f"C{i}", 2) for i in range(6)]
    policy = SOFT_APART | {"level": "zone", "between": "children"}
    parent = {"name": "P", "groups": [child["name"] for child in children], "policies": [policy]}
    zones = [host(f"h{i}", domains={"zone": f"z{i % 3}"}, vcpu=8) for i in range(3)]
    result, counts = answer(app(*children, parent), fleet(*zones, levels=("zone",)))
    assert counts == [4, 4, 4]
    assert result.objective == 3  # two child groups in each zone: one above the limit


def test_the_running_members_of_a_domain_count_first() -> None:
    running = tuple(
        {"group": "A", "id": f"old{i}", "host": "h0", "resources": {"VCPU": 1}} for i in range(2)
    )
    there = fleet(host("h0", 64, used={"VCPU": 2}), *hosts(3)[1:])
    result, counts = answer(app(group("A", 4, SOFT_APART), existing=running), there)
    # h0 has two already, so two on each of the others: 1 + 1 + 1.
    assert (counts, result.objective) == ([2, 2], 3)


def test_a_member_without_a_gpu_leaves_hosts_with_free_gpus_to_others() -> None:
    inventory = {"VCPU": 8, "CUSTOM_GPU": 2}
    there = fleet(
        {"name": "free", "inventory": inventory},
        {"name": "half", "inventory": inventory, "used": {"CUSTOM_GPU": 1}},
        {"name": "none", "inventory": inventory, "used": {"CUSTOM_GPU": 2}},
    )
    result, _ = answer(app(group("A", 3, vcpu=4)), there, "pack")
    assert Counter((result.placement or {}).values()) == {"none": 2, "half": 1}
    # All VCPU are free: 1000 each, and 500 for half of the GPUs of one host.
    assert result.objective == 3 * 1000 + 500


def test_members_without_a_gpu_leave_the_cell_that_has_some() -> None:
    cells: list[dict[str, Any]] = [
        {"inventory": {"VCPU": 8, "CUSTOM_GPU": 2}},
        {"inventory": {"VCPU": 8}},
    ]
    plain = app(group("A", 2, vcpu=4))
    result, _ = answer(plain, fleet({"name": "h", "cells": cells}), "pack")
    assert result.cells == {"A/0": "1", "A/1": "1"}
    used = [cells[0], cells[1] | {"used": {"VCPU": 8}}]
    members = [{"resources": {"VCPU": 4, "CUSTOM_GPU": 1}}]
    third = Application.model_validate({"groups": [{"name": "B", "members": members}]})
    result, _ = answer(third, fleet({"name": "h", "cells": used}), "pack")
    assert result.cells == {"B/0": "0"}


@pytest.mark.parametrize(
    ("percent", "members", "most"), [(34, 6, 2), (34, 2, 1), (1, 9, 1), (50, 9, 4), (100, 9, 9)]
)
def test_a_limit_in_per_cent_is_of_the_members_rounded_down(
    percent: int, members: int, most: int
) -> None:
    policy = {"kind": "anti-affinity", "max_percent": percent}
    # The cheapest host takes as many as it may.
    there = fleet(host("h0", 64), *(host(f"h{i}", 64, cost=1) for i in range(1, 10)))
    result, _ = answer(app(group("A", members, policy)), there)
    assert Counter((result.placement or {}).values())["h0"] == most


@pytest.mark.parametrize("weight", [None, 5])
def test_everywhere_members_are_only_where_the_level_is_known(weight: int | None) -> None:
    policy = {"kind": "anti-affinity", "level": "zone", "everywhere": True}
    policy |= {} if weight is None else {"weight": weight}
    there = fleet(host("nowhere"), host("a", domains={"zone": "z"}, cost=2), levels=("zone",))
    result, _ = answer(app(group("A", 1, policy)), there)
    assert result.placement == {"A/0": "a"}
    two = solve(app(group("A", 2, policy)), there, limits=Limits(workers=1), objective="cost")
    if weight is None:
        assert two.status == "infeasible"
    else:
        # One of two is above the limit, or in no zone: 5. The host with a zone costs 2.
        assert (two.status, two.objective) == ("optimal", 5 + 2)
