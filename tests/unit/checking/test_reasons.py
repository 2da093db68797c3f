"""Why a member runs where it does: the rules that hold it, and what its host costs."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Fleet, UnknownHost, Why, compile_fleet, solve, why
from groupsolver.model.result import Objective

FLEET = Fleet.model_validate(
    {
        "levels": ["zone", "rack"],
        "hosts": [
            {
                "name": "h1",
                "domains": {"zone": "z1", "rack": "r1"},
                "inventory": {"VCPU": 8, "MEMORY_MB": 16},
                "used": {"VCPU": 2, "MEMORY_MB": 12},
                "cost": 7,
            },
            {"name": "h2", "domains": {"zone": "z2"}, "inventory": {"VCPU": 4}, "cost": -3},
        ],
    }
)
APP: dict[str, Any] = {
    "groups": [
        {
            "name": "LB",
            "policies": ["anti-affinity", {"kind": "affinity", "level": "zone", "weight": 4}],
            "members": [{"resources": {"VCPU": 1}, "count": 2}],
        },
        {
            "name": "DB",
            "policies": [{"kind": "within", "hosts": ["h1"]}],
            "members": [{"resources": {"VCPU": 1}}],
        },
        {
            "name": "tier",
            "groups": ["LB"],
            "policies": [{"kind": "outside", "domains": {"rack": ["r9"]}}],
        },
        {
            "name": "site",
            "groups": ["tier", "DB"],
            "policies": [{"kind": "spread", "level": "zone", "min_domains": 2}],
        },
        {
            "name": "guard",
            "policies": [
                {"kind": "apart-from", "group": "tier"},
                {"kind": "near", "group": "DB", "level": "zone"},
            ],
            "members": [{"resources": {"VCPU": 1}}],
        },
        {"name": "alone", "policies": ["anti-affinity"]},
    ],
    "existing": [{"group": "LB", "id": "old", "host": "h2"}],
}
PLACEMENT = {"LB/0": "h1", "LB/1": "h2", "DB/0": "h1", "guard/0": "h2"}

OWN = "no host holds more than 1 member of LB"
SOFT = "all members of LB share one zone (soft, weight 4)"
PARENT = "members of tier never run in rack r9"
GRANDPARENT = "members of site cover at least 2 zones"
NAMES_PARENT = "no host holds members of both guard and tier"
NEAR = "each member of guard has a member of DB in its zone"


def reasons(objective: Objective = "pack", app: dict[str, Any] = APP) -> dict[str, Why]:
    return {
        one.member: one
        for one in why(Application.model_validate(app), FLEET, PLACEMENT, objective=objective)
    }


def test_a_member_is_held_by_the_rules_of_its_group_of_its_parents_and_of_who_names_these() -> None:
    assert reasons()["LB/0"].rules == (OWN, SOFT, PARENT, GRANDPARENT, NAMES_PARENT)


def test_a_rule_that_names_a_group_holds_both_sides() -> None:
    assert reasons()["DB/0"].rules == ("members of DB run only in h1", GRANDPARENT, NEAR)
    assert reasons()["guard/0"].rules == (NAMES_PARENT, NEAR)


def test_members_of_one_group_are_held_by_the_same_rules_running_or_new() -> None:
    found = reasons()
    assert found["LB/0"].rules == found["LB/1"].rules == found["old"].rules


def test_an_exclusive_group_holds_everyone() -> None:
    # Whoever comes to its host breaks it: so it looks at members of every group.
    app = {**APP, "groups": [*APP["groups"], {"name": "quiet", "policies": ["exclusive"]}]}
    for one in reasons(app=app).values():
        assert one.rules[-1] == "nothing but quiet runs in a host where quiet does"


@pytest.mark.parametrize(
    ("objective", "h1", "h2"),
    [
        ("pack", 750, 1000),  # members take VCPU: 6/8 is free of h1, all of h2
        ("spread", 250, 0),  # 1000 - that
        ("cost", 7, -3),
    ],
)
def test_a_host_costs_what_a_first_member_there_does(
    objective: Objective, h1: int, h2: int
) -> None:
    found = reasons(objective)
    assert (found["LB/0"].cost, found["LB/1"].cost) == (h1, h2)


def test_new_members_come_in_the_order_of_the_file_and_then_those_that_run() -> None:
    found = list(reasons().values())
    assert [(one.member, one.group, one.host, one.new) for one in found] == [
        ("LB/0", "LB", "h1", True),
        ("LB/1", "LB", "h2", True),
        ("DB/0", "DB", "h1", True),
        ("guard/0", "guard", "h2", True),
        ("old", "LB", "h2", False),
    ]


def test_a_member_tells_the_domains_of_its_host() -> None:
    found = reasons()
    assert found["LB/0"].domains == {"zone": "z1", "rack": "r1"}
    assert found["LB/1"].domains == {"zone": "z2"}  # in no rack


def test_members_without_a_place_are_not_told() -> None:
    found = why(Application.model_validate(APP), FLEET, {"DB/0": "h1"})
    assert [one.member for one in found] == ["DB/0", "old"]


def test_an_answer_of_the_solver_is_explained_over_fleet_and_index_alike() -> None:
    app = Application.model_validate({"groups": [APP["groups"][1]]})
    compiled = compile_fleet(FLEET)
    result = solve(app, compiled)
    assert result.placement == {"DB/0": "h1"}
    (one,) = why(app, FLEET, result.placement)
    assert [one] == why(app, compiled.index, result.placement)
    assert one.cost == result.objective == 750
    assert one.rules == ("members of DB run only in h1",)


def test_a_host_that_is_unknown_is_an_error() -> None:
    with pytest.raises(UnknownHost):
        why(Application.model_validate(APP), FLEET, {"DB/0": "h9"})
