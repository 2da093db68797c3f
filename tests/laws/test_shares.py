"""What the laws draw: enough of every oddity, enough that can be placed and enough that cannot."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import settings

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.presolve import HostEquivalence
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.solver.presolve import host_reduction as reduction
from groupsolver.solver.presolve.eligibility import Survey
from tests.laws.test_laws import Case
from tests.laws.test_reduction import Wide
from tests.support.draws.applications import KINDS, LEVELS, cases, wide_cases
from tests.support.oracle.brute_force import Oracle

EACH = 20  # draws of a policy and softness: 10 x 2 x 20 = 400 in all
CASES = [(kind, soft, seed) for kind in KINDS for soft in (False, True) for seed in range(EACH)]


def oddities(case: Case) -> set[str]:
    app, fleet = case
    groups = app["groups"]
    found = {
        "running members": bool(app["existing"]),
        "parents": any("groups" in group for group in groups),
        "two parents": sum("groups" in group for group in groups) == 2,
        "mixed flavors": any(
            len({m["flavor"] for m in group.get("members", [])}) > 1 for group in groups
        ),
        "missing levels": any(len(host["domains"]) < len(LEVELS) for host in fleet["hosts"]),
        "disabled hosts": any(not host.get("enabled", True) for host in fleet["hosts"]),
        "links": "links" in fleet,
        "distances": any(
            "max_hops" in p or "max_latency_us" in p for group in groups for p in group["policies"]
        ),
        "two policies": any(len(group["policies"]) > 1 for group in groups),
        "cells": any(host.get("cells") for host in fleet["hosts"]),
    }
    return {name for name, there in found.items() if there}


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
}


def shares(found: list[set[str]]) -> dict[str, float]:
    return {
        name: round(n / len(found), 3)
        for name, n in Counter(name for names in found for name in names).items()
    }


def below(share: dict[str, float], floors: dict[str, float]) -> dict[str, float]:
    return {
        name: share.get(name, 0) for name, floor in floors.items() if share.get(name, 0) < floor
    }


def test_small_draws_have_every_oddity_and_a_fifth_to_a_half_cannot_be_placed() -> None:
    found, refused = [], Counter[tuple[str, bool]]()
    for kind, soft, seed in CASES:
        case = cases(Random(f"{kind} {soft} {seed}"), kind, soft)
        impossible = Oracle(*case).best("cost") is None
        refused[kind, soft] += impossible
        found.append(oddities(case) | ({"impossible"} if impossible else set()))
    share = shares(found)
    assert below(share, FLOORS) == {}, share
    assert 0.2 <= share["impossible"] <= 0.5, share
    assert {at: n for at, n in refused.items() if not 0 < n < EACH} == {}
    assert len(refused) == 2 * len(KINDS)


WAYS = {  # of telling hosts apart, while the reduction drops one
    "impossible": 0.1,
    "dropped": 0.5,
    "no level": 0.2,
    "one level": 0.1,
    "two levels": 0.05,
    "by domains alone": 0.02,
    "sharing": 0.1,
    "splits_used": 0.03,
    "marked": 0.1,
}


def test_wide_draws_have_every_oddity_and_most_of_them_lose_a_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ways: set[str] = set()
    keep, by_domains = reduction._keep, reduction._by_domains

    def spied(
        compiled: CompiledProblem,
        known: Survey,
        rules: list[tuple[Any, HostEquivalence]],
        share: dict[int, int],
        touched: int,
    ) -> Mask:
        kept = keep(compiled, known, rules, share, touched)
        if (kept != reduction._fits(compiled, known, share)).any():
            levels = {host_equivalence.level for _, host_equivalence in rules} - {None, "host"}
            ways.add(("no level", "one level", "two levels")[min(2, len(levels))])
            ways.update(
                name
                for name in ("sharing", "splits_used")
                if any(getattr(host_equivalence, name) for _, host_equivalence in rules)
            )
            seen = {
                group
                for rule, _ in rules
                for group in groups_counted(rule.policy, rule.group, compiled.problem)
            }
            ways.update(
                "marked" for there in compiled.problem.running_members if there.group in seen
            )
        return kept

    def by_domains_spied(compiled: CompiledProblem, rows: Ints, *rest: Any) -> list[int]:
        kept = by_domains(compiled, rows, *rest)
        ways.update(["by domains alone"] if len(kept) < len(rows) else [])
        return kept

    monkeypatch.setattr(reduction, "_keep", spied)
    monkeypatch.setattr(reduction, "_by_domains", by_domains_spied)
    found = []
    for kind, soft, seed in CASES:
        case = wide_cases(Random(f"{kind} {soft} {seed}"), kind, soft)
        wide = Wide(case, "cost")
        assert len(case[1]["hosts"]) >= 3 * reduction.hosts_touched(wide.compiled)
        ways.clear()
        kept = reduction.reduce(wide.compiled, wide.survey)
        if sum(map(len, kept)) < sum(map(len, wide.every)):
            ways.add("dropped")
        if wide.best(wide.every) is None:
            ways.add("impossible")
        found.append(oddities(case) | ways)
    share = shares(found)
    assert below(share, FLOORS | WAYS) == {}, share


def test_each_law_has_25_examples_of_each_policy_and_softness_and_300_in_all() -> None:
    examples = settings().max_examples
    assert examples >= 25
    assert examples * 2 * len(KINDS) >= 300
