"""Twice as many groups take about twice as many operations, from a document to a placement.

Operations are counted, not timed: calls of functions, in Python and in C.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from groupsolver import (
    Application,
    CompiledFleet,
    Fleet,
    Host,
    Limits,
    Result,
    check,
    compile_fleet,
    solve,
    why,
)
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.member_bounds import MemberBounds
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.explain.messages import findings_of
from groupsolver.solver.explain.quickxplain import MinimalConflict
from groupsolver.solver.explain.rules import ApplicationRules
from groupsolver.solver.presolve.eligibility import find_eligibility

SIZE: dict[str, Any] = {"resources": {"VCPU": 1, "MEMORY_MB": 1024}}
NEXT = "the next group"
KINDS: dict[str, list[Any]] = {
    "none": [],
    "anti-affinity": ["anti-affinity"],
    "soft-anti-affinity": ["soft-anti-affinity"],
    "affinity": ["affinity"],
    "spread": [{"kind": "spread", "level": "zone", "min_domains": 2}],
    "apart-from": [{"kind": "apart-from", "group": NEXT}],
    "near": [{"kind": "near", "group": NEXT, "level": "zone"}],
    "within": [{"kind": "within", "domains": {"zone": ["z0"]}}],
    "host-capabilities": [{"kind": "host-capabilities", "minimum": {"VCPU": 2}}],
}
# One and a bit for what does not depend on the size, and for logarithms: quadratic would be 4.
MOST_GROWTH = 2.3


def policies(kind: str, following: str) -> list[Any]:
    """Return the policies of a group; what names another names the one that follows."""
    found = []
    for policy in KINDS[kind]:
        names_other = isinstance(policy, dict) and "group" in policy
        found.append({**policy, "group": following} if names_other else policy)
    return found


def application(kind: str, groups: int, count: int, parent: bool = False) -> Application:
    made: list[Any] = [
        {
            "name": f"g{i}",
            "policies": policies(kind, f"g{(i + 1) % groups}"),
            "members": [{**SIZE, "count": count}],
        }
        for i in range(groups)
    ]
    if parent:
        everything = {"kind": "spread", "level": "zone", "min_domains": 2}
        children = [f"g{i}" for i in range(groups)]
        made.append({"name": "all", "groups": children, "policies": [everything]})
    return Application(groups=made)


def half_empty(hosts: int) -> CompiledFleet:
    inventory = {"VCPU": 16, "MEMORY_MB": 65_536}
    used = {"VCPU": 8, "MEMORY_MB": 32_768}
    return compile_fleet(
        Fleet(
            levels=["zone"],
            hosts=[
                Host(name=f"h{i}", domains={"zone": f"z{i % 4}"}, inventory=inventory, used=used)
                for i in range(hosts)
            ],
        )
    )


def operations(call: Callable[[], object]) -> int:
    """Count the calls of functions that a call makes."""
    number = 0

    def count(frame: object, event: str, arg: object) -> None:
        nonlocal number
        number += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        call()
    finally:
        sys.setprofile(before)
    return number


def growth(step: Callable[[int], Callable[[], object]], size: int) -> float:
    """Return by how much the operations of a step grow if there are twice as many groups."""
    once, twice = step(size), step(2 * size)
    once()  # what is imported and cached at first does not count
    return operations(twice) / operations(once)


def test_operations_are_counted() -> None:
    assert 100 <= operations(lambda: [abs(i) for i in range(100)]) <= 105
    quadratic = growth(lambda n: lambda: [abs(i) for i in range(n) for _ in range(n)], 50)
    assert quadratic > 3.9


@pytest.mark.parametrize("parent", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_what_needs_no_search_grows_with_the_number_of_groups(kind: str, parent: bool) -> None:
    fleet = half_empty(50)

    def placement(n: int) -> dict[str, str]:
        return {f"g{i}/{j}": f"h{(i + j) % 50}" for i in range(n) for j in range(2)}

    def of(n: int) -> Application:
        return application(kind, n, 2, parent)

    def checking(n: int) -> Callable[[], object]:
        app, placed = of(n), placement(n)
        return lambda: check(app, fleet, placed)

    def reasons(n: int) -> Callable[[], object]:
        app, placed = of(n), placement(n)
        return lambda: why(app, fleet, placed)

    def problem(n: int) -> Callable[[], object]:
        app = of(n)
        return lambda: Problem(app, fleet.index)

    steps = [lambda n: lambda: of(n), problem, checking, reasons]
    assert [step for step in steps if growth(step, 200) > MOST_GROWTH] == []


@pytest.mark.parametrize(("kind", "count"), [("none", 1), ("anti-affinity", 2)])
def test_a_first_placement_grows_with_the_number_of_groups(kind: str, count: int) -> None:
    fleet = half_empty(250)

    def first(n: int) -> Callable[[], Result]:
        app = application(kind, n, count)
        limits = Limits(seconds=300, workers=1)
        return lambda: solve(app, fleet, limits=limits, progress=lambda p: p.incumbent is not None)

    assert growth(first, 500) <= MOST_GROWTH


@pytest.mark.parametrize("kind", KINDS)
def test_eligibility_grows_with_the_number_of_groups_where_members_run(kind: str) -> None:
    fleet = half_empty(50)

    def found(n: int) -> Callable[[], object]:
        existing = [{"group": f"g{i}", "id": f"old{i}", "host": f"h{i % 50}"} for i in range(n)]
        made = application(kind, n, 2).document()
        app = Application.model_validate(made | {"existing": existing})

        def eligibility() -> object:
            # What a problem keeps would make the second call of a size cheaper than the first.
            problem = Problem(app, fleet.index)
            return find_eligibility(CompiledProblem(problem, fleet), "pack")

        return eligibility

    assert growth(found, 100) <= MOST_GROWTH


@pytest.mark.parametrize("kind", ["none", "anti-affinity", "spread", "near"])
def test_bounds_on_members_grow_with_the_number_of_groups(kind: str) -> None:
    fleet = half_empty(50)

    def bounding(n: int) -> Callable[[], object]:
        made = application(kind, n, 2, parent=True)

        def bound() -> object:
            bounds = MemberBounds(CompiledProblem(Problem(made, fleet.index), fleet))
            for class_index in range(n):
                bounds.in_all([class_index])
            return bounds.in_domains(range(n), "zone"), bounds.in_all(range(n))

        return bound

    assert growth(bounding, 100) <= MOST_GROWTH


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_of_a_conflict_grows_with_the_number_of_groups(kind: str) -> None:
    fleet = half_empty(50)

    def telling(n: int) -> Callable[[], object]:
        made = application(kind, n, 2)

        def tell() -> object:
            rules = ApplicationRules(Problem(made, fleet.index))
            return findings_of(rules, MinimalConflict(tuple(rules.atoms), False), fleet)

        return tell

    assert growth(telling, 100) <= MOST_GROWTH


def test_many_small_groups_are_placed_and_proved() -> None:
    # 600 groups of 2 on 200 half-empty hosts of 16 VCPU: 1,200 of 1,600 free VCPU. Every host has
    # half of everything free: 500 points a member.
    result = solve(application("anti-affinity", 600, 2), half_empty(200))
    assert (result.status, result.objective) == ("optimal", 1200 * 500)
