"""Groups that only their names tell apart, against brute force: taken as one, the optimum is the same."""

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
from groupsolver.solver.exact.cp_sat import encode
from groupsolver.solver.presolve.eligibility import survey
from groupsolver.solver.presolve.host_reduction import reduce
from groupsolver.solver.presolve.interchangeable_groups import twins
from tests.laws.test_laws import OBJECTIVES, ONE, Case, values
from tests.laws.test_reduction import Wide, least
from tests.support.draws.applications import FLAVORS, LEVELS, Doc, fleets, wide_fleets
from tests.support.oracle.brute_force import Oracle

SHAPES = (
    (2, 1, 1),
    (2, 1, 2),
    (1, 2, 2),
    (1, 3, 1),
    (2, 2, 1),
    (1, 2, 1),
    (3, 1, 1),
)  # replicas, shards, members


def units(rnd: Random, wide: bool = False) -> Case:
    """Replicas of shards, with rules at each floor, and now and then somebody who looks at them."""
    replicas, shards, members = rnd.choice(SHAPES)
    flavors = rnd.choice((("s",), ("s",), ("m",), ("s", "m")))[:members]
    inside: list[Doc] = [{"kind": "affinity", "level": rnd.choice(LEVELS)}]
    if rnd.random() < 0.4:
        inside.append({"kind": "anti-affinity", "max_per_domain": rnd.randint(1, 2)})
    if rnd.random() < 0.2:
        inside.append(
            {"kind": "host-capabilities", "required": ["SSD"], "weight": rnd.randint(1, 2)}
        )
    sizes = [{"flavor": name, "count": max(1, members // len(flavors))} for name in flavors]
    groups: list[Doc] = []
    over = [_over(rnd) for _ in range(rnd.randint(0, 2))]
    over = list({(policy["kind"], policy.get("level")): policy for policy in over}.values())
    for replica in range(replicas):
        names = [f"R{replica}s{shard}" for shard in range(shards)]
        groups += [{"name": name, "policies": list(inside), "members": sizes} for name in names]
        groups.append(
            {"name": f"R{replica}", "policies": rnd.sample(over, len(over)), "groups": names}
        )
    apart: Doc = {"kind": "anti-affinity", "level": rnd.choice(LEVELS), "between": "children"}
    if rnd.random() < 0.3:
        apart["weight"] = rnd.randint(1, 2)
    top = [apart] if rnd.random() < 0.6 else []
    groups.append(
        {"name": "top", "policies": top, "groups": [f"R{replica}" for replica in range(replicas)]}
    )
    if rnd.random() < 0.3:
        looks: list[Doc] = [
            {
                "kind": rnd.choice(("near", "apart-from")),
                "group": rnd.choice(("R0", "top")),
                "level": rnd.choice(LEVELS),
            },
            {"kind": "exclusive", "weight": 1},
        ]
        groups.append({"name": "B", "policies": [rnd.choice(looks)], "members": [{"flavor": "s"}]})
    existing = (
        [{"group": "R0", "id": "old", "host": "h0", "flavor": "s"}] if rnd.random() < 0.1 else []
    )
    return {"flavors": FLAVORS, "groups": groups, "existing": existing}, wide_fleets(
        rnd, 20
    ) if wide else fleets(rnd)


def _over(rnd: Random) -> Doc:
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


def merged(case: Case) -> bool:
    app, fleet = values(case)
    compiled_fleet = compile_fleet(fleet)
    told = CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet)
    return twins(told).compiled is not told


@given(seed=st.integers(0, 2**40))
def test_the_answer_is_the_brute_forced_optimum(seed: int) -> None:
    for part in range(4):
        rnd = Random(f"{seed} {part}")
        case = units(rnd)
        note(str(case))
        oracle = Oracle(*case)
        for objective in OBJECTIVES:
            best = oracle.best(objective)
            result = solve(*values(case), objective=objective, limits=ONE, explain=False)
            assert (result.status, result.objective) == (
                "infeasible" if best is None else "optimal",
                best,
            )
            assert result.placement is None or oracle.holds(result.placement)


@given(seed=st.integers(0, 2**40))
def test_units_over_fewer_hosts_have_the_optimum_of_all_groups_over_all_hosts(seed: int) -> None:
    for part in range(3):
        case = units(Random(f"{seed} {part}"), wide=True)
        note(str(case))
        for objective in OBJECTIVES:
            told = Wide(case, objective)
            compiled = twins(told.compiled).compiled
            known = survey(compiled, objective)
            assert least(encode(compiled, known, reduce(compiled, known)).model) == told.best(
                told.every
            )


def test_most_draws_have_groups_taken_as_one_and_some_cannot_be_placed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: Counter[str] = Counter()
    case_of: Any = domain_branching._case

    def spied(*args: Any) -> float:
        found["case"] += 1
        bound: float = case_of(*args)
        return bound

    monkeypatch.setattr(domain_branching, "_case", spied)
    number = 150
    for seed in range(number):
        case = units(Random(seed))
        before = found["case"]
        found["merged"] += merged(case)
        found["impossible"] += Oracle(*case).best("cost") is None
        solve(*values(case), limits=ONE, explain=False)
        found["by cases"] += found["case"] > before
        told = Wide(units(Random(seed), wide=True), "cost")
        compiled = twins(told.compiled).compiled
        known = survey(compiled, "cost")
        found["dropped"] += sum(map(len, reduce(compiled, known))) < sum(
            (most > 0).sum() for most in known.most
        )
    assert found["merged"] >= 0.4 * number, found
    assert 0.1 * number <= found["impossible"] <= 0.6 * number, found
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
    # Two hosts with room for two, two groups of two that keep apart on hosts: each host has one of each.
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


def test_groups_that_their_parent_counts_are_not_taken_as_one() -> None:
    # A host has room for both, but may have members of one alone.
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


def test_replicas_whose_rules_stand_in_another_order_are_bound_by_another_one_first() -> None:
    """Two blocks, one to be bound to a rack and one to a zone: their domains cannot be put in order."""
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


def test_cells_that_the_search_decided_stay_where_groups_were_taken_as_one() -> None:
    """Dealt out to the groups that were told, each host's cells hold what the search put into them."""
    shard = {
        "policies": [{"kind": "affinity", "level": "rack"}],
        "members": [{"flavor": "s", "count": 2}],
    }
    groups: list[Doc] = [{"name": name, **shard} for name in "AB"]
    cells = [{"inventory": {"VCPU": 3}}, {"inventory": {"VCPU": 1}}]
    hosts = [{"name": "h", "domains": {"rack": "r"}, "cells": cells}]
    case = {"flavors": FLAVORS, "groups": groups}, {"levels": ["rack"], "hosts": hosts}
    app, fleet = values(case)
    compiled_fleet = compile_fleet(fleet)
    whole = twins(CompiledProblem(Problem(app, compiled_fleet.index), compiled_fleet))
    stands = whole.out([(0, 0)] * 4)
    # Three of the four in the first cell: both of A, one of B.
    assert whole.cells({(0, 0): [3, 1]}, stands) == {(0, 0): [2, 0], (1, 0): [1, 1]}
    assert sorted(solve(app, fleet, limits=ONE, explain=False).cells.values()) == [
        "0",
        "0",
        "0",
        "1",
    ]
