"""The cheapest state that satisfies clauses, against an enumeration of all states."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import Any

import pytest

from groupsolver.solver.explain.hitting_set import Clause, Literal, cheapest_state
from groupsolver.solver.explain.relaxations import Position, Relaxation

KINDS: Any = ("relax", "soften", "fewer")
RELAX: Any = ("relax",)
RELAX_OR_FEWER: Any = ("relax", "fewer")


def relaxation(*costs: int, kind: Any = "relax") -> Relaxation:
    positions = tuple(Position(kind, cost) for cost in costs)
    return Relaxation("A", None, positions)


def cost_of(state: dict[Relaxation, int]) -> int:
    return sum(one.cost(position) for one, position in state.items())


def satisfies(clauses: list[Clause], state: dict[Relaxation, int]) -> bool:
    return all(
        any(literal.holds_at(state.get(literal.relaxation, 0)) for literal in clause)
        for clause in clauses
    )


def cheapest_by_enumeration(
    relaxations: list[Relaxation], clauses: list[Clause], kinds: Any
) -> int | None:
    allowed = [
        [0, *(p for p in range(1, one.last + 1) if one.at(p).kind in kinds)] for one in relaxations
    ]
    costs = []
    for positions in product(*allowed):
        state = dict(zip(relaxations, positions, strict=True))
        if satisfies(clauses, state):
            costs.append(cost_of(state))
    return min(costs, default=None)


@pytest.mark.parametrize(
    ("any_other", "holds"), [(False, [False, False, True]), (True, [True, False, True])]
)
def test_a_literal_holds_beyond_its_position_or_anywhere_else(
    any_other: bool, holds: list[bool]
) -> None:
    literal = Literal(relaxation(1, 2), 1, any_other)
    assert [literal.holds_at(position) for position in range(3)] == holds


def test_the_example_of_the_module() -> None:
    a = relaxation(1, 2)
    b = relaxation(5)
    first: Clause = (Literal(a, 0),)
    second: Clause = (Literal(a, 1), Literal(b, 0))
    assert cheapest_state([first], KINDS) == {a: 1}
    # a at 2 costs 2; a at 1 and b at 1 cost 1 + 5.
    assert cheapest_state([first, second], KINDS) == {a: 2}


def test_without_clauses_nothing_is_changed() -> None:
    assert cheapest_state([], KINDS) == {}


def test_a_clause_that_no_kind_satisfies_has_no_state() -> None:
    soften = relaxation(5, kind="soften")
    assert cheapest_state([(Literal(soften, 0),)], RELAX) is None
    assert cheapest_state([()], KINDS) is None


@pytest.mark.parametrize("seed", range(40))
def test_no_state_is_cheaper(seed: int) -> None:
    rnd = Random(f"hitting set {seed}")
    relaxations = []
    for _ in range(rnd.randint(1, 4)):
        costs = sorted(rnd.randint(1, 9) for _ in range(rnd.randint(1, 3)))
        relaxations.append(relaxation(*costs, kind=rnd.choice(KINDS)))
    clauses: list[Clause] = []
    for _ in range(rnd.randint(1, 5)):
        literals = []
        for one in rnd.sample(relaxations, rnd.randint(1, len(relaxations))):
            position = rnd.randint(0, one.last)
            literals.append(Literal(one, position, any_other=rnd.randint(1, 4) == 1))
        clauses.append(tuple(literals))
    kinds = rnd.choice((KINDS, KINDS, RELAX_OR_FEWER))
    state = cheapest_state(clauses, kinds)
    best = cheapest_by_enumeration(relaxations, clauses, kinds)
    assert (None if state is None else cost_of(state)) == best
    if state is not None:
        assert satisfies(clauses, state)
        assert all(one.at(position).kind in kinds for one, position in state.items())
