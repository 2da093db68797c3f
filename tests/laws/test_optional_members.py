"""Members that may be left out: the largest value first, then the objective."""

from __future__ import annotations

import re
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import event, given
from hypothesis import strategies as st

from groupsolver import Limits, check, explain, solve
from groupsolver.solver.optional_members import pipeline
from tests.laws import test_laws
from tests.laws.test_laws import OBJECTIVES, ONE, Case, answered_again, every_policy, values
from tests.laws.test_tiers import ranked
from tests.support.draws.applications import cases, draws
from tests.support.draws.optional_members import some_optional_members
from tests.support.oracle.optional_members import OptionalMembersOracle


def case_with_optional_members(rnd: Random, kind: str, soft: bool) -> Case:
    """A drawn case with optional members; one in four has soft policies with priorities."""
    case = cases(rnd, kind, soft)
    if rnd.randint(1, 4) == 1:
        case = ranked(case, rnd)
    return some_optional_members(case, rnd)


def drawn(kind: str, soft: bool, data: Any) -> tuple[Case, Random]:
    return test_laws.drawn(kind, soft, data, case_with_optional_members)


@every_policy
@draws(20)
@given(data=st.data())
def test_the_value_and_then_the_objective_are_the_brute_forced_optimum(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    app, fleet = values(case)
    # One case in two begins with the greedy selection, as large problems do.
    most = rnd.choice((0, pipeline.MANY_CANDIDATES))
    with patch.object(pipeline, "MANY_CANDIDATES", most):
        result = solve(app, fleet, objective=objective, limits=ONE, explain=False)
    oracle = OptionalMembersOracle(*case)
    best = oracle.best(objective)
    if best is None or result.placement is None:
        assert (best, result.status, result.left_out) == (None, "infeasible", ())
        event("infeasible")
        return
    left_out = set(result.left_out)
    event("some left out" if left_out else "all placed")
    assert result.status == "optimal"
    assert result.placement.keys() & oracle.values.keys() == oracle.values.keys() - left_out
    placed = oracle.without(left_out)
    assert placed.holds(result.placement)
    assert (oracle.value(left_out), placed.rank(result.placement, objective)) == best
    verdict = check(app, fleet, result.placement, objective=objective)
    assert not verdict.violations
    assert verdict.objective == result.objective == result.bound


@every_policy
@draws(10)
@given(data=st.data())
def test_the_checker_agrees_with_the_oracle_on_any_members(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    app, fleet = values(case)
    oracle = OptionalMembersOracle(*case)
    hosts = [host["name"] for host in case[1]["hosts"]]
    for _ in range(6):
        left_out = {id_ for id_ in oracle.values if rnd.randint(0, 1)}
        placed = oracle.without(left_out)
        placement = {id_: rnd.choice(hosts) for id_, _, _ in placed.members}
        holds = oracle.enough(left_out) and placed.holds(placement)
        verdict = check(app, fleet, placement)
        assert (not verdict.violations) == holds
        assert verdict.objective == placed.value(placement, "pack")


@every_policy
@draws(10)
@given(data=st.data())
def test_asking_again_places_nothing_and_leaves_out_the_same(
    kind: str, soft: bool, data: Any
) -> None:
    case, _ = drawn(kind, soft, data)
    app, fleet = values(case)
    first = solve(app, fleet, limits=ONE, explain=False)
    event(first.status)
    if first.placement is not None:
        second = answered_again(app, fleet, first.placement)
        # Links carry what runs already, and policies that running members break forgive it.
        if all(policy.kind != "bandwidth" for group in app.groups for policy in group.policies):
            assert (second.status, second.placement) == ("optimal", {})
            assert second.left_out == first.left_out


@every_policy
@draws(10)
@given(data=st.data())
def test_no_answer_is_called_optimal_that_is_not(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    app, fleet = values(case)
    seconds = rnd.choice((0.005, 0.02, 0.04, 0.08))
    result = solve(app, fleet, limits=Limits(seconds=seconds, workers=1), explain=False)
    event(result.status)
    oracle = OptionalMembersOracle(*case)
    best = oracle.best("pack")
    if result.status == "infeasible":
        assert best is None
    if result.placement is not None and best is not None:
        left_out = set(result.left_out)
        placed = oracle.without(left_out)
        assert placed.holds(result.placement)
        found = oracle.value(left_out), placed.rank(result.placement, "pack")
        assert (-found[0], found[1]) >= (-best[0], best[1])
        assert result.status != "optimal" or found == best


@every_policy
@draws(6)
@given(data=st.data())
def test_a_lower_at_least_that_is_proposed_helps(kind: str, soft: bool, data: Any) -> None:
    case, _ = drawn(kind, soft, data)
    app, fleet = values(case)
    answer = explain(app, fleet, limits=ONE)
    best = OptionalMembersOracle(*case).best("pack")
    assert (answer.status == "infeasible") == (best is None)
    event(answer.status)
    if answer.conflict is None:
        return
    for fix in answer.conflict.fixes:
        proposed = re.fullmatch(r"(\w+) at_least (\d+) -> (\d+) members?", fix.change)
        if proposed is not None:
            event("a lower at_least")
            name, before, after = proposed.groups()
            groups = [dict(group) for group in case[0]["groups"]]
            (changed,) = (group for group in groups if group["name"] == name)
            assert changed["at_least"] == int(before)
            changed["at_least"] = int(after)
            helped = OptionalMembersOracle({**case[0], "groups": groups}, case[1])
            assert helped.best("pack") is not None


@every_policy
@draws(10)
@given(data=st.data())
def test_a_conflict_is_impossible_whatever_members_are_placed(
    kind: str, soft: bool, data: Any
) -> None:
    case, _ = drawn(kind, soft, data)
    app, fleet = values(case)
    conflict = explain(app, fleet, limits=ONE, fixes=False).conflict
    if conflict is None or not conflict.minimal:
        event("none" if conflict is None else "not minimal")
        return
    event("minimal")
    # Without a group's size in the conflict no member of it is asked for.
    sized = {one.group for one in conflict.policies if one.policy == "members"}
    kinds = {(one.group, one.policy) for one in conflict.policies}
    groups = []
    for group in case[0]["groups"]:
        kept = [
            policy
            for policy in group["policies"]
            if "weight" not in policy and (group["name"], policy["kind"]) in kinds
        ]
        free = group.get("members") and group["name"] not in sized
        asked = {"at_least": 0} if free else {}
        groups.append(group | {"policies": kept} | asked)
    assert OptionalMembersOracle({**case[0], "groups": groups}, case[1]).best("pack") is None
