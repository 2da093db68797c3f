"""The laws where being near does not carry over.

Hosts in rows and rings, members far apart that run already.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from groupsolver import check, solve
from groupsolver.checking.check import judge
from groupsolver.constraints.policies.distance_policy import DistancePolicy
from groupsolver.constraints.rules import rules_of
from tests.laws.test_fixing import priced
from tests.laws.test_laws import OBJECTIVES, ONE, anywhere
from tests.laws.test_reduction import Wide
from tests.support.draws.applications import FLAVORS
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]
FORMS = [(kind, soft) for kind in ("network-proximity", "near") for soft in (False, True)]
SEEDS = range(60)


def drawn(kind: str, soft: bool, seed: int, hosts: int) -> tuple[tuple[Doc, Doc], Random]:
    rnd = Random(f"{kind} {soft} {seed} {hosts}")
    return case_of(rnd, lambda rnd: rows_and_rings(rnd, kind, soft, hosts)), rnd


def rows_and_rings(rnd: Random, kind: str, soft: bool, hosts: int) -> tuple[Doc, Doc]:
    """Hosts in a row or a ring, by themselves or in racks.

    Up to four members and three running ones.
    """
    racks = rnd.randint(3, 6)
    by_rack = rnd.randint(0, 1)
    names = [f"h{i}" for i in range(hosts)]
    docs = [
        {
            "name": name,
            "domains": {"rack": f"r{rnd.randrange(racks)}"},
            "inventory": {"VCPU": rnd.randint(1, 4), "MEMORY_MB": 8},
            "cost": rnd.randint(0, 3),
        }
        for name in names
    ]
    ends = [f"r{i}" for i in range(racks)] if by_rack else names
    links = [
        {"between": list(pair), "latency_us": rnd.choice((1, 1, 2))} for pair in pairwise(ends)
    ]
    if rnd.randint(0, 1):
        links.append({"between": [ends[-1], ends[0]], "latency_us": 1})
    policy: Doc = {
        "kind": kind,
        **rnd.choice(
            ({"max_hops": 1}, {"max_hops": 2}, {"max_latency_us": 1}, {"max_latency_us": 2})
        ),
    }
    policy |= {"weight": rnd.randint(1, 2)} if soft else {}
    policy |= {"group": "B"} if kind == "near" else {}
    members = [{"flavor": rnd.choice("sm"), "count": rnd.randint(1, 2)} for _ in range(2)]
    groups: list[Doc] = [{"name": "A", "policies": [policy], "members": members}, {"name": "B"}]
    if rnd.randint(0, 1):
        groups[0]["policies"].append(
            {"kind": "anti-affinity", "max_per_domain": rnd.choice((1, 2))}
        )
    if kind == "near":
        groups[0]["members"] = members[:1]
        groups[1]["members"] = [{"flavor": "s", "count": rnd.randint(1, 2)}]
        for group in groups if rnd.randint(0, 1) else []:  # often too far apart
            group.setdefault("policies", []).append(
                {"kind": "within", "hosts": rnd.sample(names, 1)}
            )
    existing = [
        {"group": rnd.choice("AAB"), "id": f"old{i}", "host": rnd.choice(names)}
        for i in range(rnd.choice((0, 0, 1, 2, 3)))
    ]
    fleet = {"levels": ["rack"], "hosts": docs, "links": links}
    return {"flavors": FLAVORS, "groups": groups, "existing": existing}, fleet


@pytest.mark.parametrize(("kind", "soft"), FORMS)
def test_the_answer_is_the_brute_forced_optimum(kind: str, soft: bool) -> None:
    refused = split = 0
    for seed in SEEDS:
        documents, rnd = drawn(kind, soft, seed, 5)
        oracle, case = Oracle(*documents), Wide(documents, "cost")
        objective = rnd.choice(OBJECTIVES)
        best = oracle.best(objective)
        result = solve(case.app, case.fleet, objective=objective, limits=ONE, explain=False)
        assert result.objective == best
        refused += best is None
        policy = rules_of(case.compiled.problem).all[0].policy
        assert isinstance(policy, DistancePolicy)
        near = policy.nearness(case.compiled.fleet)
        split += near is not None and not near.equivalence
    assert split > 0.4 * len(SEEDS)
    assert soft or 0.05 * len(SEEDS) < refused < 0.7 * len(SEEDS)


@pytest.mark.parametrize(("kind", "soft"), FORMS)
def test_checker_oracle_and_model_agree_on_any_placement(kind: str, soft: bool) -> None:
    for seed in SEEDS:
        documents, rnd = drawn(kind, soft, seed, 5)
        oracle, case = Oracle(*documents), Wide(documents, "cost")
        builder = case.encoded()
        every = list(oracle.held())
        for placement in [anywhere(oracle, rnd) for _ in range(6)] + rnd.sample(
            every, min(4, len(every))
        ):
            verdict = judge(case.compiled.problem, placement, "cost")
            assert (not verdict.violations) == oracle.holds(placement)
            assert verdict.objective == oracle.value(placement, "cost")
            assert priced(case, builder, placement) == (
                None if verdict.violations else verdict.objective
            )


@pytest.mark.parametrize(("kind", "soft"), FORMS)
def test_on_wider_fleets_the_answer_is_the_optimum_of_the_unreduced_model(
    kind: str, soft: bool
) -> None:
    for seed in SEEDS:
        documents, _ = drawn(kind, soft, seed, 14)
        case = Wide(documents, "cost")
        result = solve(case.app, case.fleet, objective="cost", limits=ONE, explain=False)
        assert result.objective == case.best(case.every)
        if result.placement is not None:
            assert not check(case.app, case.fleet, result.placement, objective="cost").violations
