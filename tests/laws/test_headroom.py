"""The laws of headroom, over every policy.

Copies that were counted hold, and no more fit than was proved.
"""

from __future__ import annotations

import time
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note, settings
from hypothesis import strategies as st

import groupsolver.solver.headroom.pipeline as module
from groupsolver import Application, BadInput, Fleet, Limits, compile_fleet, solve
from groupsolver.checking.copies import Together
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.solver.budget import Budget
from groupsolver.solver.headroom.bulk import most_by_one_unit, place_in_bulk
from groupsolver.solver.headroom.demand import demand_of
from tests.support.draws.applications import KINDS, applications, dice, fleets, wide_fleets
from tests.support.draws.covered import cover
from tests.support.draws.links import some_bandwidth
from tests.support.minimal_documents import case_of
from tests.support.oracle.brute_force import Oracle
from tests.support.oracle.copies import copied, numbered

Case = tuple[dict[str, Any], dict[str, Any]]
ONE = Limits(seconds=60, workers=1)
BRUTE = 6_000  # placements that are tried one by one; beyond, the ordinary solver is asked
MAX_COPIES = 6  # copies that are looked for
every_policy = pytest.mark.parametrize("kind", KINDS)
few = settings(max_examples=settings().max_examples // 4)


def drawn(kind: str, data: Any, wide: bool = False) -> tuple[Case, Random]:
    rnd = data.draw(dice(kind, False))
    case = case_of(rnd, lambda rnd: small_case(rnd, kind, wide))
    note(str(case))
    return case, rnd


def small_case(rnd: Random, kind: str, wide: bool) -> Case:
    """Two or three members of a copy; a wide fleet has five to eight hosts."""
    fleet = wide_fleets(rnd, rnd.randint(5, 8)) if wide else fleets(rnd)
    app = applications(rnd, kind, False, fleet, members=rnd.randint(2, 3))
    cover(fleet, copied(app, 1))  # its running members all have sizes
    return some_bandwidth((app, fleet), rnd)


def fits(case: Case, number: int) -> bool:
    app, fleet = copied(case[0], number), case[1]
    oracle = Oracle(app, fleet)
    if len(oracle.hosts) ** len(oracle.members) <= BRUTE:
        return next(oracle.held(), None) is not None
    result = solve(
        Application.model_validate(app), Fleet.model_validate(fleet), limits=ONE, explain=False
    )
    assert result.status != "unknown"
    return result.placed


def true_number(case: Case) -> int:
    """The most copies that fit; `MAX_COPIES` where as many do."""
    return next((number for number in range(MAX_COPIES) if not fits(case, number + 1)), MAX_COPIES)


def searched(case: Case) -> module.SearchResult:
    app, fleet = Application.model_validate(case[0]), compile_fleet(Fleet.model_validate(case[1]))
    return module.search(app, fleet, Budget(ONE, None))


@every_policy
@few
@given(data=st.data())
def test_as_many_copies_are_found_and_proved_as_brute_force_finds_and_each_holds(
    kind: str, data: Any
) -> None:
    case, _ = drawn(kind, data)
    found, most = searched(case), true_number(case)
    event(str(most))
    assert min(MAX_COPIES, len(found.placed.copies)) == most
    assert min(MAX_COPIES, found.bound) == most
    placements = [placement for placement, _ in found.placed.copies]
    assert Oracle(copied(case[0], len(placements)), case[1]).holds(numbered(placements))


@every_policy
@few
@given(data=st.data())
def test_what_is_bounded_and_placed_in_bulk_brackets_the_truth(kind: str, data: Any) -> None:
    case, _ = drawn(kind, data, wide=True)
    app, fleet = Application.model_validate(case[0]), compile_fleet(Fleet.model_validate(case[1]))
    together = Together(app, fleet.index)
    demand = demand_of(CompiledProblem(together.problem, fleet))
    end = time.perf_counter() + 60
    found = place_in_bulk(
        demand, most_by_one_unit(demand), lambda: end - time.perf_counter(), 0.0, 0
    )
    most = true_number(case)
    assert min(MAX_COPIES, int(found.bound)) >= most
    held = [copy for copy in found.copies if together.alone(copy[0])]
    event(
        f"bound off by {min(3, int(found.bound) - most)}, "
        f"{len(held)} of {len(found.copies)} copies hold"
    )
    if not list(together.broken(held)):
        assert min(MAX_COPIES, len(held)) <= most
        assert Oracle(copied(case[0], len(held)), case[1]).holds(
            numbered([placement for placement, _ in held])
        )


@every_policy
@few
@given(data=st.data())
def test_the_check_of_many_copies_agrees_with_the_oracle(kind: str, data: Any) -> None:
    case, rnd = drawn(kind, data)
    app, fleet = Application.model_validate(case[0]), Fleet.model_validate(case[1])
    together = Together(app, compile_fleet(fleet).index)
    number = rnd.randint(1, 3)
    oracle = Oracle(copied(case[0], number), case[1])
    ids = [id_ for id_, _, _ in Oracle(copied(case[0], 1), case[1]).members]
    for _ in range(30):
        some = rnd.sample(
            list(oracle.hosts), min(2, len(oracle.hosts))
        )  # near each other, so that some hold
        placements = [
            {id_.replace("#0", ""): rnd.choice(some) for id_ in ids} for _ in range(number)
        ]
        holds = oracle.holds(numbered(placements))
        assert (not list(together.broken([(one, {}) for one in placements]))) == holds
        event("holds" if holds else "broken")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "spread"])
@few
@given(data=st.data())
def test_one_more_host_never_lowers_the_bound_nor_raises_it_beyond_what_was_said(
    kind: str, data: Any
) -> None:
    # A further domain may well lower it under `spread`, which then counts one more.
    case, rnd = drawn(kind, data)
    if any(
        policy["kind"] == "spread" for group in case[0]["groups"] for policy in group["policies"]
    ):
        return
    app, fleet = Application.model_validate(case[0]), Fleet.model_validate(case[1])
    try:
        answer = module.headroom(app, fleet, limits=ONE)
    except BadInput:
        return
    marginal = rnd.choice(answer.unlocks)
    like = next(host for host in case[1]["hosts"] if host["name"] == marginal.like)
    cells = [{k: v for k, v in cell.items() if k != "used"} for cell in like.get("cells", [])]
    more = {**like, "name": "one more", "used": {}, "enabled": True} | (
        {"cells": cells} if cells else {}
    )
    bigger = module.headroom(
        app, Fleet.model_validate(case[1] | {"hosts": [*case[1]["hosts"], more]}), limits=ONE
    )
    event(f"{bigger.bound - answer.bound} more")
    assert answer.bound <= bigger.bound <= answer.bound + marginal.bound
