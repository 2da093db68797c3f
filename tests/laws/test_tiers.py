"""Soft policies with priorities: the answer is the lexicographic optimum, the objective last."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from importlib import import_module
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, check, solve
from groupsolver.solver.exact import staged_proof
from groupsolver.solver.lexicographic import tiers
from tests.laws.test_cut import nothing_at_first
from tests.laws.test_laws import (
    OBJECTIVES,
    ONE,
    Case,
    assert_paid_again,
    every_policy,
    renamed,
    values,
)
from tests.laws.test_reduction import Wide
from tests.support.draws.applications import KINDS, Doc, _same, cases, dice, wide_cases
from tests.support.draws.applications import policies as draw
from tests.support.draws.host_prices import without_host_price
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle

pipeline = import_module("groupsolver.solver.pipeline")
# Where one sum takes the place of tiers, a tier is so many times as dear as the next one: more than
# any tier can cost.
STEP = 2000

MORE = ("anti-affinity", "affinity", "spread", "within", "exclusive")


def ranked(case: Case, rnd: Random) -> Case:
    """The same with most policies soft, most of them in one of three tiers, often in conflict."""
    app, fleet = case
    names = [host["name"] for host in fleet["hosts"]]
    groups = []
    for group in app["groups"]:
        policies: list[Doc] = []
        more = [
            draw(rnd, rnd.choice(MORE), True, [], names) for _ in range(rnd.choice((0, 0, 1, 2)))
        ]
        for drawn_policy in group["policies"] + more:
            policy = dict(drawn_policy)
            if "weight" not in policy and rnd.randint(1, 5) > 1:
                policy["weight"] = rnd.randint(1, 3)
            if "weight" in policy and rnd.randint(1, 5) > 1:
                policy["priority"] = rnd.choice((0, 1, 7))
            if _same(policy) not in map(_same, policies):
                policies.append(policy)
        groups.append(group | {"policies": policies})
    return app | {"groups": groups}, fleet


def drawn(kind: str, soft: bool, data: Any) -> tuple[Case, Random]:
    rnd = data.draw(dice(kind, soft))
    case = case_of(rnd, lambda rnd: ranked(cases(rnd, kind, soft), rnd))
    note(str(case))
    return case, rnd


@every_policy
@given(data=st.data())
def test_the_answer_is_the_brute_forced_optimum_tier_by_tier(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    app, fleet = values(case)
    with ExitStack() as patches:
        if rnd.randint(0, 1):
            patches.enter_context(patch.object(pipeline, "construct", nothing_at_first))
        if rnd.randint(1, 3) == 1:  # no time for all tiers at once
            patches.enter_context(patch.object(tiers, "TIME_SHARE_ALL_AT_LEAST", 0.0))
        result = solve(app, fleet, objective=objective, limits=ONE, explain=False)
    best = Oracle(*case).best_rank(objective)
    assert result.status == ("infeasible" if best is None else "optimal")
    if best is not None:
        assert result.placement is not None
        verdict = check(app, fleet, result.placement, objective=objective)
        assert not verdict.violations
        assert verdict.rank == best
        assert result.objective == result.bound == best[-1]


def as_one_sum(case: Case) -> Case:
    """The same without priorities: each tier is so dear that no gain in a later one pays for it."""
    app, fleet = case
    used = sorted(
        {p["priority"] for group in app["groups"] for p in group["policies"] if "priority" in p}
    )
    dear = {priority: STEP ** (len(used) - at) for at, priority in enumerate(used)}
    groups = []
    for group in app["groups"]:
        policies = []
        for policy in group["policies"]:
            plain = {key: value for key, value in policy.items() if key != "priority"}
            if "priority" in policy:  # its own weight counts in the objective too
                plain["weight"] = policy["weight"] * (dear[policy["priority"]] + 1)
            policies.append(plain)
        groups.append(group | {"policies": policies})
    return app | {"groups": groups}, fleet


def some_tiers(rnd: Random, kind: str, soft: bool) -> Case:
    """Many hosts, without what would be dearer than a tier."""
    return without_host_price(wide_cases(rnd, kind, soft))


@every_policy
@given(data=st.data())
def test_over_many_hosts_the_answer_in_many_steps_is_the_optimum_of_the_unreduced_sum(
    kind: str, soft: bool, data: Any
) -> None:
    rnd = data.draw(dice(kind, soft))
    case = case_of(rnd, lambda rnd: ranked(some_tiers(rnd, kind, soft), rnd))
    note(str(case))
    problem = Wide(as_one_sum(case), "cost")
    best = problem.best(problem.every)
    with ExitStack() as patches:
        patches.enter_context(
            patch.object(staged_proof, "FIRST_STEP_COLUMNS", rnd.choice((2, 4, 8)))
        )
        patches.enter_context(patch.object(staged_proof, "MIN_STEP_RATIO", 1))
        if rnd.randint(0, 1):
            patches.enter_context(patch.object(pipeline, "construct", nothing_at_first))
        app, fleet = values(case)
        result = solve(app, fleet, objective="cost", limits=ONE, explain=False)
    if best is None:
        assert result.status == "infeasible"
        return
    assert result.status == "optimal"
    assert result.placement is not None
    rank = check(app, fleet, result.placement, objective="cost").rank
    assert all(cost < STEP for cost in rank)
    assert sum(cost * STEP ** (len(rank) - 1 - at) for at, cost in enumerate(rank)) == best


@every_policy
@given(data=st.data())
def test_renaming_and_reordering_hosts_changes_no_tier(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    best = Oracle(*case).best_rank("pack")
    assert rank_of(*renamed(*values(case), rnd)) == best


def rank_of(app: Application, fleet: Fleet) -> tuple[int, ...] | None:
    result = solve(app, fleet, limits=ONE, explain=False)
    return None if result.placement is None else check(app, fleet, result.placement).rank


@every_policy
@given(data=st.data())
def test_asking_again_with_the_answer_as_existing_places_nothing_and_costs_the_same(
    kind: str, soft: bool, data: Any
) -> None:
    case, _ = drawn(kind, soft, data)
    app, fleet = values(case)
    oracle = Oracle(*case)
    first = min(oracle.held(), key=lambda placement: oracle.rank(placement, "pack"), default=None)
    event("impossible" if first is None else "placed")
    if first is not None:  # an answer: the laws above say that its rank is the least
        assert_paid_again(app, fleet, first, check(app, fleet, first).penalties)


@every_policy
@given(data=st.data())
def test_whenever_it_is_stopped_no_tier_is_better_and_no_bound_above_the_objective(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    app, fleet = values(case)
    ranks = Oracle(*case).ranks("pack")
    best = min(ranks, default=None)
    calls = rnd.randint(1, 12)
    heard = Counter[str]()

    def watch(_: Any) -> bool:
        heard["all"] += 1
        return heard["all"] >= calls

    result = solve(
        app,
        fleet,
        limits=Limits(seconds=60, workers=1, gap=rnd.choice((0.0, 0.3))),
        progress=watch,
        explain=False,
    )
    if result.placement is None:
        assert result.status in ("unknown", "infeasible")
        assert best is None or result.status == "unknown"
        return
    assert best is not None
    assert result.objective is not None
    assert result.bound is not None
    verdict = check(app, fleet, result.placement)
    assert not verdict.violations
    assert verdict.rank >= best
    assert result.bound <= result.objective
    if result.status == "optimal":
        assert verdict.rank == best
    # The bound is one of all placements that are as good in every tier.
    as_good = [
        rank[-1]
        for rank in ranks
        if all(a <= b for a, b in zip(rank[:-1], verdict.rank[:-1], strict=True))
    ]
    assert result.bound <= min(as_good)


def test_the_draws_have_tiers_that_cost_and_pairs_of_them_that_conflict() -> None:
    found = Counter[str]()
    every = [(kind, soft, seed) for kind in KINDS for soft in (False, True) for seed in range(20)]
    for kind, soft, seed in every:
        rnd = Random(f"{kind} {soft} {seed}")
        ranks = Oracle(*ranked(cases(rnd, kind, soft), rnd)).ranks("cost")
        if not ranks:
            found["impossible"] += 1
            continue
        best = min(ranks)
        least = [min(costs) for costs in zip(*ranks, strict=True)]
        found["two tiers"] += len(best) > 2
        found["a tier costs"] += any(best[:-1])
        found["tiers conflict"] += any(
            cost > low for cost, low in zip(best[:-1], least[:-1], strict=True)
        )
        found["tier and objective conflict"] += len(best) > 1 and best[-1] > least[-1]
    share = {name: round(number / len(every), 3) for name, number in found.items()}
    floors = {
        "two tiers": 0.4,
        "a tier costs": 0.3,
        "tiers conflict": 0.05,
        "tier and objective conflict": 0.08,
    }
    assert {
        name: share.get(name, 0) for name, floor in floors.items() if share.get(name, 0) < floor
    } == {}, share
    assert 0.05 <= share["impossible"] <= 0.5, share
