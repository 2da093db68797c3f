"""The first selection of large problems."""

from __future__ import annotations

from collections import Counter

from groupsolver import Application, Fleet
from groupsolver.solver.optional_members.greedy import select_greedily
from groupsolver.solver.optional_members.relaxed_problem import relax_for_any_size
from groupsolver.solver.optional_members.selection_model import SelectionModel
from groupsolver.solver.optional_members.selections import OptionalClasses
from tests.support.small import app, fleet, group, host
from tests.support.small_models import budget, compiled_problem


def selected(of: Application, hosts: Fleet, seconds: float = 60) -> Counter[int] | None:
    compiled = compiled_problem(of, hosts)
    classes = OptionalClasses(compiled)
    relaxed = relax_for_any_size(compiled)
    model = SelectionModel(relaxed, classes, "cost")
    found = select_greedily(relaxed, classes, model.eligibility, model.candidates, budget(seconds))
    return None if found is None else Counter(class_index for class_index, _ in found)


def test_required_members_come_first_and_then_the_best_value_for_what_they_take() -> None:
    # 8 VCPU: one of A is required and takes 4; four of B, one VCPU each, are worth more than
    # another of A.
    of = app(group("A", 3, vcpu=4, at_least=1), group("B", 9, at_least=0))
    assert selected(of, fleet(host("h1", 8))) == {0: 1, 1: 4}


def test_what_does_not_fit_leaves_room_for_others() -> None:
    # The second of B finds no host that is free of B.
    of = app(group("A", 3, vcpu=2, at_least=0), group("B", 2, "anti-affinity", at_least=0))
    assert selected(of, fleet(host("h1", 5))) == {0: 2, 1: 1}


def test_required_members_without_a_place_are_no_selection() -> None:
    assert selected(app(group("A", 3, vcpu=3, at_least=2)), fleet(host("h1", 5))) is None


def test_it_looks_at_the_clock() -> None:
    assert selected(app(group("A", 3, at_least=1)), fleet(host("h1")), seconds=1e-9) is None
