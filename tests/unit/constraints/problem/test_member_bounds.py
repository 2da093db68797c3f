"""Upper bounds on members: which policies count, and many limits on domains together."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Fleet, compile_fleet
from groupsolver.constraints.problem import member_bounds
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.member_bounds import MemberBounds
from groupsolver.constraints.problem.problem import Problem

Doc = dict[str, Any]


def bounds_of(*groups: Doc) -> MemberBounds:
    """Return the bounds on two hosts of 4 VCPU, one of which has a trait."""
    inventory = {"VCPU": 4}
    first: Doc = {"name": "h0", "inventory": inventory, "traits": ["SSD"]}
    second: Doc = {"name": "h1", "inventory": inventory}
    fleet = compile_fleet(Fleet.model_validate({"hosts": [first, second]}))
    application = Application.model_validate({"groups": list(groups)})
    return MemberBounds(CompiledProblem(Problem(application, fleet.index), fleet))


def group(name: str, count: int, *policies: Doc) -> Doc:
    members = [{"resources": {"VCPU": 1}, "count": count}]
    return {"name": name, "policies": list(policies), "members": members}


@pytest.mark.parametrize(("weight", "places"), [(None, [4, 0]), (1, [4, 4])])
def test_only_hard_host_filters_close_hosts(weight: int | None, places: list[int]) -> None:
    policy: Doc = {"kind": "host-capabilities", "required": ["SSD"]}
    if weight is not None:
        policy["weight"] = weight
    bounds = bounds_of(group("A", 8, policy))
    assert bounds.on_hosts([0]).tolist() == places
    assert bounds.in_all([0]) == sum(places)


def test_many_limits_bound_as_their_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    # A and B have at most one member a host each, so 2 and 2. C has no limit: 3. The hosts take 8.
    groups = [group(name, 3, {"kind": "anti-affinity"}) for name in "AB"]
    bounds = bounds_of(*groups, group("C", 3))
    assert bounds.in_all([0, 1, 2]) == 7
    monkeypatch.setattr(member_bounds, "MAX_LIMITS_TOGETHER", 1)
    bounds = bounds_of(*groups, group("C", 3))
    assert bounds.in_all([0, 1, 2]) == 7


def test_many_limits_of_several_classes_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    # All of A and B together: at most one a host, so 2, where each alone has 2, too.
    monkeypatch.setattr(member_bounds, "MAX_LIMITS_TOGETHER", 1)
    above = {"name": "P", "groups": ["A", "B"], "policies": [{"kind": "anti-affinity"}]}
    apart = [{"kind": "anti-affinity"}]
    bounds = bounds_of(group("A", 3, *apart), group("B", 3, *apart), group("C", 1), above)
    assert bounds.in_all([0, 1]) == 2
    assert bounds.in_all([0, 1, 2]) == 3
