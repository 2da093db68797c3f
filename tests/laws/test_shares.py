"""What the laws draw: enough of every oddity, enough that can be placed and enough that cannot."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import settings

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.solver.presolve import host_reduction
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.presolve.host_reduction import RulesSeen, Share
from tests.laws.test_laws import Case
from tests.laws.test_reduction import Wide
from tests.support.draws.applications import KINDS, LEVELS, cases, wide_cases
from tests.support.oracle.brute_force import Oracle

DRAWS_PER_CASE = 20  # draws of a policy and softness: 10 x 2 x 20 = 400 in all
CASES = [
    (kind, soft, seed) for kind in KINDS for soft in (False, True) for seed in range(DRAWS_PER_CASE)
]


def oddities(case: Case) -> set[str]:
    """The names of the oddities that a case has."""
    app, fleet = case
    groups = app["groups"]
    hosts = fleet["hosts"]
    policies = [policy for group in groups for policy in group["policies"]]
    parents = [group for group in groups if "groups" in group]
    flavors = [{one["flavor"] for one in group.get("members", [])} for group in groups]
    present = {
        "running members": bool(app["existing"]),
        "parents": bool(parents),
        "two parents": len(parents) == 2,
        "mixed flavors": any(len(names) > 1 for names in flavors),
        "missing levels": any(len(host["domains"]) < len(LEVELS) for host in hosts),
        "disabled hosts": any(not host.get("enabled", True) for host in hosts),
        "links": "links" in fleet,
        "distances": any("max_hops" in one or "max_latency_us" in one for one in policies),
        "two policies": any(len(group["policies"]) > 1 for group in groups),
        "cells": any(host.get("cells") for host in hosts),
        "reserved hosts": any(host.get("reserved_for") for host in hosts),
        "pools": "pools" in fleet,
    }
    return {name for name, is_present in present.items() if is_present}


# The least fraction of the draws that has each oddity.
FLOORS = {
    "running members": 0.4,
    "parents": 0.3,
    "two parents": 0.1,
    "mixed flavors": 0.2,
    "missing levels": 0.4,
    "disabled hosts": 0.2,
    "two policies": 0.4,
    "links": 0.6,
    "distances": 0.1,
    "cells": 0.15,
    "reserved hosts": 0.08,
    "pools": 0.1,
}
# The least fraction of the small draws whose best placement would be another one without.
DECIDE = {"reservations decide": 0.01, "pools decide": 0.02}


def fractions(draws: list[set[str]]) -> dict[str, float]:
    """By name, the fraction of the draws that has it."""
    counts = Counter(name for names in draws for name in names)
    return {name: round(count / len(draws), 3) for name, count in counts.items()}


def below(fraction: dict[str, float], floors: dict[str, float]) -> dict[str, float]:
    """The names that too few draws have."""
    return {
        name: fraction.get(name, 0)
        for name, floor in floors.items()
        if fraction.get(name, 0) < floor
    }


def what_decides(case: Case, best: int | None) -> set[str]:
    """Which of reservations and pools make another placement the best, or all impossible."""
    app, fleet = case
    open_hosts = [host | {"reserved_for": []} for host in fleet["hosts"]]
    large = [
        pool | {"inventory": dict.fromkeys(pool["inventory"], 1000), "used": {}}
        for pool in fleet.get("pools", [])
    ]
    found = set()
    any_reserved = any(host.get("reserved_for") for host in fleet["hosts"])
    if any_reserved and Oracle(app, fleet | {"hosts": open_hosts}).best("cost") != best:
        found.add("reservations decide")
    if large and Oracle(app, fleet | {"pools": large}).best("cost") != best:
        found.add("pools decide")
    return found


def test_small_draws_have_every_oddity_and_a_fifth_to_a_half_cannot_be_placed() -> None:
    draws = []
    infeasible = Counter[tuple[str, bool]]()
    for kind, soft, seed in CASES:
        case = cases(Random(f"{kind} {soft} {seed}"), kind, soft)
        names = oddities(case)
        best = Oracle(*case).best("cost")
        names |= what_decides(case, best)
        is_infeasible = best is None
        infeasible[kind, soft] += is_infeasible
        if is_infeasible:
            names.add("infeasible")
        draws.append(names)
    fraction = fractions(draws)
    assert below(fraction, FLOORS | DECIDE) == {}, fraction
    assert 0.2 <= fraction["infeasible"] <= 0.55, fraction
    one_sided = {key: count for key, count in infeasible.items() if not 0 < count < DRAWS_PER_CASE}
    assert one_sided == {}
    assert len(infeasible) == 2 * len(KINDS)


# The least fraction of the draws in which the reduction drops a host in each way.
WAYS = {
    "infeasible": 0.1,
    "dropped": 0.5,
    "no level": 0.2,
    "one level": 0.1,
    "two levels": 0.05,
    "by domains alone": 0.02,
    "sharing": 0.1,
    "splits_used": 0.02,
    "running members counted": 0.1,
}


def ways_of(compiled: CompiledProblem, rules: RulesSeen) -> set[str]:
    """How some rules tell hosts apart."""
    levels = {equivalence.level for _, equivalence in rules} - {None, "host"}
    ways = {("no level", "one level", "two levels")[min(2, len(levels))]}
    for name in ("sharing", "splits_used"):
        if any(getattr(equivalence, name) for _, equivalence in rules):
            ways.add(name)
    counted: set[str] = set()
    for rule, _ in rules:
        counted |= groups_counted(rule.policy, rule.group, compiled.problem)
    if any(running.group in counted for running in compiled.problem.running_members):
        ways.add("running members counted")
    return ways


def test_wide_draws_have_every_oddity_and_most_of_them_lose_a_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ways: set[str] = set()
    kept_for_share = host_reduction._kept_for_share
    kept_by_domain = host_reduction._kept_by_domain

    def spied_for_share(
        compiled: CompiledProblem,
        eligibility: Eligibility,
        rules: RulesSeen,
        share: Share,
        touched: int,
    ) -> Mask:
        kept = kept_for_share(compiled, eligibility, rules, share, touched)
        if (kept != host_reduction._fits(compiled, eligibility, share)).any():
            ways.update(ways_of(compiled, rules))
        return kept

    def spied_by_domain(compiled: CompiledProblem, rows: Ints, *rest: Any) -> list[int]:
        kept = kept_by_domain(compiled, rows, *rest)
        if len(kept) < len(rows):
            ways.add("by domains alone")
        return kept

    monkeypatch.setattr(host_reduction, "_kept_for_share", spied_for_share)
    monkeypatch.setattr(host_reduction, "_kept_by_domain", spied_by_domain)
    draws = []
    for kind, soft, seed in CASES:
        case = wide_cases(Random(f"{kind} {soft} {seed}"), kind, soft)
        wide = Wide(case, "cost")
        assert len(case[1]["hosts"]) >= 3 * host_reduction.hosts_touched(wide.compiled)
        ways.clear()
        kept = host_reduction.reduce_hosts(wide.compiled, wide.eligibility)
        if sum(map(len, kept)) < sum(map(len, wide.every)):
            ways.add("dropped")
        if wide.best(wide.every) is None:
            ways.add("infeasible")
        draws.append(oddities(case) | ways)
    fraction = fractions(draws)
    assert below(fraction, FLOORS | WAYS) == {}, fraction


def test_each_law_has_25_examples_of_each_policy_and_softness_and_300_in_all() -> None:
    examples = settings().max_examples
    assert examples >= 25
    assert examples * 2 * len(KINDS) >= 300
