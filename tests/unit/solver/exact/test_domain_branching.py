"""The proof by cases: the order of the cases, their candidates, and a proof that they give."""

from __future__ import annotations

import math
from itertools import product
from typing import Any

import numpy as np
import pytest

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.solver.exact import domain_branching
from groupsolver.solver.exact.domain_branching import (
    _candidates_of,
    _cases,
    _in_canonical_order,
    _solve_case,
    branch_on_domains,
)
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.preparation import relax
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.blocks import Block, blocks_of
from tests.support.oracle.brute_force import Oracle
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem, every_host

COSTS = [np.array([0.0, 5.0, 2.0]), np.array([2.0, 1.0, math.inf]), np.array([4.0, 4.0, 4.0])]


def cases(shapes: list[object]) -> list[tuple[float, tuple[int, ...]]]:
    return list(_cases(COSTS, shapes))


def enumerated(shapes: list[object]) -> dict[tuple[int, ...], float]:
    """Return every choice of a domain for each block that has a finite cost."""
    found = {}
    for choice in product(range(3), repeat=3):
        total = sum(float(cost[domain]) for cost, domain in zip(COSTS, choice, strict=True))
        if math.isfinite(total) and _in_canonical_order(choice, shapes):
            found[choice] = total
    return found


@pytest.mark.parametrize("shapes", [["a", "b", "c"], ["a", "a", "b"], ["a", "b", "a"]])
def test_every_case_comes_once_the_cheapest_first(shapes: list[object]) -> None:
    found = cases(shapes)
    assert [total for total, _ in found] == sorted(total for total, _ in found)
    assert {choice: total for total, choice in found} == enumerated(shapes)
    assert len(found) == len(enumerated(shapes))


def test_the_first_case_has_the_cheapest_domain_of_each_block() -> None:
    # 0 + 1 + 4
    assert cases(["a", "b", "c"])[0] == (5.0, (0, 1, 0))


def test_interchangeable_blocks_have_ascending_domains() -> None:
    assert _in_canonical_order((0, 1), ["a", "a"])
    assert _in_canonical_order((1, 1), ["a", "a"])
    assert not _in_canonical_order((1, 0), ["a", "a"])
    assert _in_canonical_order((1, 0), ["a", "b"])


def racks(*costs: tuple[int, ...]) -> list[dict[str, Any]]:
    return [
        host(f"h{rack}{i}", domains={"rack": f"r{rack}"}, cost=cost)
        for rack, found in enumerate(costs)
        for i, cost in enumerate(found)
    ]


def test_a_case_keeps_the_candidates_in_the_chosen_domains() -> None:
    hosts = fleet(*racks((0, 0), (0, 0)), levels=("rack",))
    compiled = compiled_problem(app(group("A", 1), group("B", 1), group("C", 1)), hosts)
    blocks = [Block((class_index,), None, "rack") for class_index in range(2)]
    chosen = _candidates_of(compiled, blocks, (1, 0), every_host(compiled))
    assert [rows.tolist() for rows in chosen] == [[2, 3], [0, 1], [0, 1, 2, 3]]


# A1 and A2 (two members of 2 VCPU each) are merged, in chunks. B (one of 4) and C (one of 3)
# choose. Each is in one rack, and a rack has two hosts of 4 VCPU, so it takes two groups.
RACK = {"kind": "affinity", "level": "rack"}
GROUPS = [
    group("A1", 2, RACK, vcpu=2),
    group("A2", 2, RACK, vcpu=2),
    group("B", 1, RACK, vcpu=4),
    group("C", 1, RACK, vcpu=3),
]
HOSTS = racks((1, 2), (2, 2), (3, 9))
# 2 * 3 + 2 * 2 + 9 + 2
DEAREST = {
    "A1/0": "h20",
    "A1/1": "h20",
    "A2/0": "h10",
    "A2/1": "h10",
    "B/0": "h21",
    "C/0": "h01",
}


def test_a_case_without_a_placement_has_no_bound() -> None:
    clock = budget()
    original = compiled_problem(app(*GROUPS), fleet(*HOSTS, levels=("rack",)))
    merged = merge_interchangeable(original)
    eligibility = find_eligibility(merged.compiled, "cost")
    best = Incumbent(original, "cost", clock)
    best.offer(dearest(original), "construct")
    blocks = blocks_of(merged.compiled, unit_of("cost"))
    candidates = every_host(merged.compiled)
    candidates[-1] = candidates[-1][:0]  # C has no host
    found = _solve_case(merged, eligibility, blocks, candidates, best, clock, 60)
    assert found == math.inf


def dearest(original: CompiledProblem) -> list[Assignment]:
    """The dear placement, as assignments."""
    return [
        (class_index, original.fleet.rows[DEAREST[id_]])
        for class_index, member_class in enumerate(original.member_classes)
        for id_ in member_class.ids
    ]


def branched(seconds: float = 60) -> Incumbent:
    """Begin with a dear placement, and branch."""
    clock = budget(seconds)
    original = compiled_problem(app(*GROUPS), fleet(*HOSTS, levels=("rack",)))
    merged = merge_interchangeable(original)
    compiled = merged.compiled
    eligibility = find_eligibility(compiled, "cost")
    candidates = every_host(compiled)
    blocks = blocks_of(compiled, unit_of("cost"))
    prepared = relax(compiled, eligibility, candidates, blocks, clock)
    relaxed = prepared.relaxed
    best = Incumbent(original, "cost", clock)
    best.offer(dearest(original), "construct")
    assert best.value == 21
    best.prove(relaxed.bounds.proved)
    columns = prepared.columns
    branch_on_domains(merged, eligibility, columns, candidates, relaxed, best, clock)
    return best


def test_the_cases_prove_the_optimum_of_every_choice_of_racks() -> None:
    best = branched()
    document = {"levels": ["rack"], "hosts": HOSTS}
    assert best.value == best.bound == Oracle({"groups": GROUPS}, document).best("cost")


def test_cases_that_are_not_looked_at_bound_by_their_relaxation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    optimum = Oracle({"groups": GROUPS}, {"levels": ["rack"], "hosts": HOSTS}).best("cost")
    monkeypatch.setattr(domain_branching, "MAX_CASES", 0)
    best = branched()
    assert best.value == 21
    assert best.bound is not None
    assert optimum is not None
    assert best.bound <= optimum


def test_the_bound_is_the_least_of_all_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each case is said to cost 12 at least: nothing is known beyond that, whatever the relaxation.
    monkeypatch.setattr(domain_branching, "_solve_case", lambda *_: 12)
    best = branched()
    assert (best.value, best.bound) == (21, 12)


def test_more_blocks_than_are_allowed_are_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_branching, "MAX_CHOOSING_BLOCKS", 1)
    assert branched().value == 21
