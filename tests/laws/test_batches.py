"""Batches: the largest value of whole applications first, then the objective."""

from __future__ import annotations

from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import event, given
from hypothesis import strategies as st

from groupsolver import Application, BatchResult, Fleet, Limits, check
from groupsolver.constraints.batch_document import BatchDocument
from groupsolver.solver.batch import pipeline
from groupsolver.solver.batch.pipeline import solve_many
from tests.laws import test_laws
from tests.laws.test_laws import OBJECTIVES, ONE, Case, every_policy
from tests.support.draws.applications import draws
from tests.support.draws.batches import batches
from tests.support.oracle.batches import BatchOracle


def drawn(kind: str, soft: bool, data: Any) -> tuple[Case, Random]:
    return test_laws.drawn(kind, soft, data, batches)


def values(case: Case) -> tuple[BatchDocument, Fleet]:
    return BatchDocument.model_validate(case[0]), Fleet.model_validate(case[1])


def placement_of(result: BatchResult) -> dict[str, str]:
    """Return the hosts of all members, under qualified names."""
    return {
        f"{entry.name}:{member}": host
        for entry in result.applications
        for member, host in (entry.placement or {}).items()
    }


def without_reasons(result: BatchResult) -> dict[str, Any]:
    """Return an answer without its time, and the reasons, which take what time there is."""
    document = result.document()
    del document["seconds"]
    for entry in document["applications"]:
        entry.pop("reason")
        entry.pop("conflict", None)
    return document


def assert_holds(case: Case, result: BatchResult, objective: Any) -> None:
    """Hold an answer against the checker: whole applications, no rule broken, its objective."""
    _, fleet = values(case)
    oracle = BatchOracle(*case)
    placed = set(result.placed)
    assert all(oracle.needs[name] <= placed for name in placed)
    assert result.value == oracle.value(placed)
    if not placed:
        return
    reduced = Application.model_validate(oracle.merged(placed))
    cells = {
        f"{entry.name}:{member}": cell
        for entry in result.applications
        for member, cell in entry.cells.items()
    }
    placement = placement_of(result)
    verdict = check(reduced, fleet, placement, objective=objective, cells=cells)
    assert not verdict.violations
    assert verdict.objective == result.objective
    assert verdict.penalties == result.penalties


@every_policy
@draws(6)
@given(data=st.data())
def test_the_value_and_then_the_objective_are_the_brute_forced_optimum(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = drawn(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    batch, fleet = values(case)
    result = solve_many(batch, fleet, partial=True, objective=objective, limits=ONE)
    value, rank = BatchOracle(*case).best(objective)
    event("all" if len(result.placed) == len(batch.applications) else "some left out")
    event("none" if not result.placed else "some placed")
    assert (result.value, result.value_bound, result.status) == (value, value, "optimal")
    assert_holds(case, result, objective)
    if result.placed:
        assert result.objective == result.bound == rank[-1]
    for entry in result.applications:
        assert (entry.reason is None) == entry.placed
        assert entry.conflict is None or not entry.placed


@every_policy
@draws(4)
@given(data=st.data())
def test_all_are_placed_at_the_best_objective_or_none(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    batch, fleet = values(case)
    result = solve_many(batch, fleet, objective=objective, limits=ONE)
    oracle = BatchOracle(*case)
    best = oracle.rank(set(oracle.apps), objective)
    event(result.status)
    assert result.status == ("infeasible" if best is None else "optimal")
    assert len(result.placed) == (0 if best is None else len(oracle.apps))
    if best is not None:
        assert_holds(case, result, objective)
        assert result.objective == best[-1]


@every_policy
@draws(4)
@given(data=st.data())
def test_the_search_is_true_and_its_bounds_hold(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    batch, fleet = values(case)
    limits = Limits(seconds=0.3, workers=1)
    with patch.object(pipeline, "MAX_CANDIDATES_EXACT", -1):
        result = solve_many(batch, fleet, partial=True, objective=objective, limits=limits)
    value, rank = BatchOracle(*case).best(objective)
    assert_holds(case, result, objective)
    assert result.value <= value <= result.value_bound
    event("the largest value" if result.value == value else "a smaller value")
    event("a tight bound" if result.value_bound == value else "a loose bound")
    if result.status == "optimal" and result.placed:
        assert result.value == value
        assert result.objective == rank[-1]
    if result.value == value and result.bound is not None:
        assert result.bound <= rank[-1]


@every_policy
@draws(2)
@given(data=st.data())
def test_the_order_of_applications_does_not_matter(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    batch, fleet = values(case)
    first = solve_many(batch, fleet, partial=True, limits=ONE)
    again = solve_many(batch, fleet, partial=True, limits=ONE)
    apps = [*batch.applications]
    rnd.shuffle(apps)
    other = batch.model_copy(update={"applications": tuple(apps)})
    second = solve_many(other, fleet, partial=True, limits=ONE)
    assert (first.value, first.objective) == (second.value, second.objective)
    # One worker, one seed, one answer.
    assert without_reasons(first) == without_reasons(again)


@every_policy
@draws(3)
@given(data=st.data())
def test_no_answer_is_called_optimal_that_is_not(kind: str, soft: bool, data: Any) -> None:
    case, rnd = drawn(kind, soft, data)
    batch, fleet = values(case)
    partial = rnd.random() < 0.7
    seconds = rnd.choice((0.001, 0.005, 0.02, 0.05))
    limits = Limits(seconds=seconds, workers=1)
    result = solve_many(batch, fleet, partial=partial, limits=limits)
    event(result.status)
    oracle = BatchOracle(*case)
    value, rank = oracle.best("pack")
    assert_holds(case, result, "pack")
    whole = oracle.rank(set(oracle.apps), "pack")
    if not partial:
        assert len(result.placed) in (0, len(oracle.apps))
        assert result.status != "infeasible" or whole is None
    else:
        assert result.value <= value <= result.value_bound
    if result.status == "optimal" and result.placed:
        assert result.value == value
        assert result.objective == rank[-1]
