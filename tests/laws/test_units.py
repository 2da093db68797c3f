"""Groups that only their names tell apart, against brute force: merged, the optimum is the same."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from groupsolver import compile_fleet, solve
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.exact import domain_branching
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from tests.laws.test_laws import OBJECTIVES, ONE, Case, values
from tests.laws.test_reduction import Wide, least
from tests.support.draws.applications import FLAVORS, LEVELS, Doc, dice, draws, fleets, wide_fleets
from tests.support.draws.covered import cover
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle

# Replicas, shards of each replica, members of each shard.
SHAPES = ((2, 1, 1), (2, 1, 2), (1, 2, 2), (1, 3, 1), (2, 2, 1), (1, 2, 1), (3, 1, 1))


def units(rnd: Random, wide: bool = False) -> Case:
    """Replicas of shards, with rules on each level, and now and then a group that names them."""
    replicas, shards, members = rnd.choice(SHAPES)
    flavors = rnd.choice((("s",), ("s",), ("m",), ("s", "m")))[:members]
    shard_policies = _shard_policies(rnd)
    sizes = [{"flavor": name, "count": max(1, members // len(flavors))} for name in flavors]
    groups: list[Doc] = []
    replica_policies = [_replica_policy(rnd) for _ in range(rnd.randint(0, 2))]
    by_kind = {(policy["kind"], policy.get("level")): policy for policy in replica_policies}
    replica_policies = list(by_kind.values())
    for replica in range(replicas):
        names = [f"R{replica}s{shard}" for shard in range(shards)]
        groups += [
            {"name": name, "policies": list(shard_policies), "members": sizes} for name in names
        ]
        policies = rnd.sample(replica_policies, len(replica_policies))
        groups.append({"name": f"R{replica}", "policies": policies, "groups": names})
    groups.append(_top(rnd, replicas))
    if rnd.random() < 0.3:
        groups.append(_group_that_names_others(rnd))
    existing: list[Doc] = []
    if rnd.random() < 0.1:
        existing.append({"group": "R0", "id": "old", "host": "h0", "flavor": "s"})
    app = {"flavors": FLAVORS, "groups": groups, "existing": existing}
    fleet = wide_fleets(rnd, 20) if wide else fleets(rnd)
    cover(fleet, app)
    return app, fleet


def _shard_policies(rnd: Random) -> list[Doc]:
    policies: list[Doc] = [{"kind": "affinity", "level": rnd.choice(LEVELS)}]
    if rnd.random() < 0.4:
        policies.append({"kind": "anti-affinity", "max_per_domain": rnd.randint(1, 2)})
    if rnd.random() < 0.2:
        weight = rnd.randint(1, 2)
        policies.append({"kind": "host-capabilities", "required": ["SSD"], "weight": weight})
    return policies


def _replica_policy(rnd: Random) -> Doc:
    level = rnd.choice(LEVELS)
    return rnd.choice(
        [
            {"kind": "affinity", "level": level},
            {"kind": "affinity", "level": level},
            {"kind": "affinity", "level": level, "weight": 1},
            {"kind": "anti-affinity", "max_per_domain": rnd.randint(1, 2)},
            {"kind": "anti-affinity", "level": level, "max_per_domain": 1, "between": "children"},
            {"kind": "spread", "level": level, "min_domains": 2},
        ]
    )


def _top(rnd: Random, replicas: int) -> Doc:
    """The group of all replicas."""
    apart: Doc = {"kind": "anti-affinity", "level": rnd.choice(LEVELS), "between": "children"}
    if rnd.random() < 0.3:
        apart["weight"] = rnd.randint(1, 2)
    policies = [apart] if rnd.random() < 0.6 else []
    names = [f"R{replica}" for replica in range(replicas)]
    return {"name": "top", "policies": policies, "groups": names}


def _group_that_names_others(rnd: Random) -> Doc:
    target = {
        "kind": rnd.choice(("near", "apart-from")),
        "group": rnd.choice(("R0", "top")),
        "level": rnd.choice(LEVELS),
    }
    policy = rnd.choice([target, {"kind": "exclusive", "weight": 1}])
    return {"name": "B", "policies": [policy], "members": [{"flavor": "s"}]}


def compiled_of(case: Case) -> CompiledProblem:
    app, fleet = values(case)
    compiled_fleet = compile_fleet(fleet)
    return CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet)


def merged(case: Case) -> bool:
    """Whether some groups of a case are merged."""
    original = compiled_of(case)
    return merge_interchangeable(original).compiled is not original


def drawn(data: Any, wide: bool) -> tuple[Case, Random]:
    rnd = data.draw(dice("units", wide))
    case = case_of(rnd, lambda rnd: units(rnd, wide))
    note(str(case))
    return case, rnd


@draws(90)
@given(data=st.data())
def test_the_answer_is_the_brute_forced_optimum(data: Any) -> None:
    case, rnd = drawn(data, wide=False)
    objective = rnd.choice(OBJECTIVES)
    oracle = Oracle(*case)
    best = oracle.best(objective)
    result = solve(*values(case), objective=objective, limits=ONE, explain=False)
    assert (result.status, result.objective) == ("infeasible" if best is None else "optimal", best)
    assert result.placement is None or oracle.holds(result.placement)


@draws(90)
@given(data=st.data())
def test_merged_groups_over_fewer_hosts_have_the_optimum_of_all_groups_over_all_hosts(
    data: Any,
) -> None:
    case, rnd = drawn(data, wide=True)
    original = Wide(case, rnd.choice(OBJECTIVES))
    compiled = merge_interchangeable(original.compiled).compiled
    eligibility = find_eligibility(compiled, original.eligibility.objective)
    candidates = reduce_hosts(compiled, eligibility)
    best = least(build_model(compiled, eligibility, candidates).model)
    assert best == original.best(original.every)


def test_most_draws_have_merged_groups_and_some_cannot_be_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: Counter[str] = Counter()
    solve_case: Any = domain_branching._solve_case

    def spied(*args: Any) -> float:
        found["case"] += 1
        bound: float = solve_case(*args)
        return bound

    monkeypatch.setattr(domain_branching, "_solve_case", spied)
    number = 150
    for seed in range(number):
        case = units(Random(seed))
        before = found["case"]
        found["merged"] += merged(case)
        found["infeasible"] += Oracle(*case).best("cost") is None
        solve(*values(case), limits=ONE, explain=False)
        found["by cases"] += found["case"] > before
        wide = compiled_of(units(Random(seed), wide=True))
        compiled = merge_interchangeable(wide).compiled
        eligibility = find_eligibility(compiled, "cost")
        kept = sum(map(len, reduce_hosts(compiled, eligibility)))
        eligible = sum(int((most > 0).sum()) for most in eligibility.max_members)
        found["dropped"] += kept < eligible
    assert found["merged"] >= 0.4 * number, found
    assert 0.1 * number <= found["infeasible"] <= 0.6 * number, found
    assert found["by cases"], found
    assert found["dropped"] >= 0.5 * number, found


def small(groups: list[Doc], hosts: int, vcpu: int) -> Case:
    """One rack of equal hosts."""
    fleet = [
        {"name": f"h{i}", "domains": {"rack": "r"}, "inventory": {"VCPU": vcpu}}
        for i in range(hosts)
    ]
    return {"flavors": FLAVORS, "groups": groups}, {"levels": ["rack"], "hosts": fleet}


def test_members_of_one_group_are_dealt_to_hosts_apart_where_it_says_so() -> None:
    # Two hosts with room for two, and two groups of two that keep apart by host: each host has one
    # member of each group.
    rules = [{"kind": "affinity", "level": "rack"}, {"kind": "anti-affinity"}]
    groups: list[Doc] = [
        {"name": n, "policies": rules, "members": [{"flavor": "s", "count": 2}]} for n in "AB"
    ]
    case = small(groups, hosts=2, vcpu=2)
    assert merged(case)
    result = solve(*values(case), limits=ONE, explain=False)
    assert sorted((result.placement or {}).items()) == [
        ("A/0", "h0"),
        ("A/1", "h1"),
        ("B/0", "h0"),
        ("B/1", "h1"),
    ]


def test_groups_that_their_parent_counts_are_not_merged() -> None:
    # A host has room for both groups, but may have members of one of them alone.
    groups: list[Doc] = [
        {
            "name": n,
            "policies": [{"kind": "affinity", "level": "rack"}],
            "members": [{"flavor": "s"}],
        }
        for n in "AB"
    ]
    groups.append(
        {
            "name": "P",
            "groups": ["A", "B"],
            "policies": [{"kind": "anti-affinity", "between": "children"}],
        }
    )
    case = small(groups, hosts=2, vcpu=2)
    assert not merged(case)
    result = solve(*values(case), limits=ONE, explain=False)
    assert sorted((result.placement or {}).values()) == ["h0", "h1"]


def test_replicas_whose_rules_come_in_another_order_are_bound_by_another_one_first() -> None:
    """One block is bound to a rack and one to a zone: their domains cannot be put in order."""
    feed, rack, zone = ({"kind": "affinity", "level": level} for level in ("feed", "rack", "zone"))
    one = [{"resources": {"VCPU": 1}}]
    groups: list[Doc] = [
        {"name": f"R{r}s{s}", "policies": [feed], "members": one} for r in (0, 1) for s in (0, 1)
    ]
    groups.append({"name": "R0", "policies": [rack, zone], "groups": ["R0s0", "R0s1"]})
    groups.append({"name": "R1", "policies": [zone, rack], "groups": ["R1s0", "R1s1"]})
    hosts: list[Doc] = [
        {
            "name": "h0",
            "domains": {"zone": "z0", "rack": "r1", "feed": "f2"},
            "inventory": {"VCPU": 1},
        },
        {
            "name": "h2",
            "domains": {"zone": "z1", "rack": "r0", "feed": "f2"},
            "inventory": {"VCPU": 3},
            "cost": 9,
        },
        {
            "name": "h3",
            "domains": {"zone": "z1", "rack": "r0", "feed": "f0"},
            "inventory": {"VCPU": 3},
        },
        {
            "name": "h4",
            "domains": {"zone": "z0", "rack": "r2", "feed": "f0"},
            "inventory": {"VCPU": 2},
        },
    ]
    case = {"groups": groups}, {"levels": ["zone", "rack", "feed"], "hosts": hosts}
    # h3 has room for three and h4 for two, at no cost: a replica each.
    assert Oracle(*case).best("cost") == 0
    assert solve(*values(case), objective="cost", limits=ONE, explain=False).objective == 0


def test_cells_that_the_search_decided_are_kept_where_groups_were_merged() -> None:
    """Dealt out to the original groups, each host's cells hold what the search put into them."""
    shard = {
        "policies": [{"kind": "affinity", "level": "rack"}],
        "members": [{"flavor": "s", "count": 2}],
    }
    groups: list[Doc] = [{"name": name, **shard} for name in "AB"]
    cells = [{"inventory": {"VCPU": 3}}, {"inventory": {"VCPU": 1}}]
    hosts = [{"name": "h", "domains": {"rack": "r"}, "cells": cells}]
    case = {"flavors": FLAVORS, "groups": groups}, {"levels": ["rack"], "hosts": hosts}
    merged_problem = merge_interchangeable(compiled_of(case))
    assignments = merged_problem.to_original([(0, 0)] * 4)
    # Three of the four are in the first cell: both of A, one of B.
    dealt = merged_problem.cells_of_original({(0, 0): [3, 1]}, assignments)
    assert dealt == {(0, 0): [2, 0], (1, 0): [1, 1]}
    result = solve(*values(case), limits=ONE, explain=False)
    assert sorted(result.cells.values()) == ["0", "0", "0", "1"]
