"""The laws of conflicts and fixes, against brute force that reads plain documents."""

from __future__ import annotations

import os
from collections import Counter
from itertools import product
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note, settings
from hypothesis import strategies as st

from groupsolver import Application, Costs, Fleet, Limits, compile_fleet
from groupsolver.changes.change import changed
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.corrections import Corrections, Remedy
from groupsolver.solver.explain.empty_fleet import never
from groupsolver.solver.explain.feasibility import Asked, Oracle
from groupsolver.solver.explain.fixes import ASKED, remedies
from groupsolver.solver.explain.pipeline import _further
from groupsolver.solver.explain.quickxplain import MinimalConflict, find
from groupsolver.solver.explain.relaxations import changes_of, knobs_of
from groupsolver.solver.explain.rules import (
    Atomized,
    CapacityRule,
    PolicyRule,
    RuleAtom,
    SizeRule,
    in_pieces,
)
from groupsolver.solver.pipeline import answer
from tests.support.draws.applications import KINDS, cases
from tests.support.oracle import rules
from tests.support.oracle.rules import Doc, possible

FEW = 40  # states that are tried by brute force
every_kind = pytest.mark.parametrize("kind", KINDS)


def draws(number: int) -> settings:
    """So many draws, and ten times as many where the profile has."""
    profile = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
    return settings(max_examples=number * profile.max_examples // 30)


class Case:
    """A drawn application that has no placement, and what the library says of it."""

    def __init__(self, app: Doc, fleet: Doc) -> None:
        self.app, self.fleet = app, fleet
        self.compiled = compile_fleet(Fleet.model_validate(fleet))
        problem = Problem(Application.model_validate(app), self.compiled.index)
        self.atomized = Atomized(Problem(in_pieces(problem), self.compiled.index))
        self.oracle = Oracle(answer, "pack", Budget(Limits(seconds=600, workers=1), None))
        self.asked = Asked(self.atomized, self.compiled, self.oracle)

    def possible(self, atoms: list[RuleAtom]) -> bool:
        policies = [(atom.group, _document(atom)) for atom in atoms if isinstance(atom, PolicyRule)]
        sizes = {atom.group for atom in atoms if isinstance(atom, SizeRule)}
        classes = {atom.resource for atom in atoms if isinstance(atom, CapacityRule)}
        return possible(*rules.only(self.app, self.fleet, policies, sizes, classes))

    def found(self) -> MinimalConflict:
        found = find(self.asked)
        assert found is not None
        return found


def _document(piece: PolicyRule) -> Doc:
    """Give a piece as `tests.support.oracle.rules` has it: without what says nothing."""
    return {
        name: value
        for name, value in piece.policy.document().items()
        if value not in ([], {}, None)
    }


def drawn(kind: str, data: Any) -> Case:
    """Draw until a case has no placement."""
    case = first_impossible(Random(f"{kind} {data.draw(st.integers(0, 2**40))}"), kind)
    note(str((case.app, case.fleet)))
    return case


def first_impossible(rnd: Random, kind: str) -> Case:
    """Draw cases that have no placement, and take the one in whose conflict most policies take part."""
    best, most = None, -1
    for _ in range(rnd.choice((1, 3, 6))):
        case = Case(*cases(rnd, kind, soft=False))
        while case.asked.possible(case.atomized.every) is not False:
            case = Case(*cases(rnd, kind, soft=False))
        pieces = sum(isinstance(atom, PolicyRule) for atom in case.found().atoms)
        if pieces > most:
            best, most = case, pieces
    assert best is not None
    return best


@every_kind
@draws(12)
@given(data=st.data())
def test_a_conflict_is_impossible_and_each_proper_part_of_it_is_not(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    found = case.found()
    event(f"{len(found.atoms)} rules")
    assert found.minimal
    assert not case.possible(list(found.atoms))
    for atom in found.atoms:
        assert case.possible([other for other in found.atoms if other is not atom]), atom


@every_kind
@draws(4)
@given(data=st.data())
def test_further_conflicts_are_disjoint_and_without_them_the_rest_is_possible(
    kind: str, data: Any
) -> None:
    case = drawn(kind, data)
    first = case.found()
    every = [first, *_further(case.asked, first)]
    counted = Counter(atom for one in every for atom in one.rules)
    assert set(counted.values()) <= {1}
    for one in every[1:]:
        assert not case.possible(list(one.atoms))
    assert case.possible([atom for atom in case.atomized.every if atom not in counted])


def after(case: Case, remedy: Remedy) -> tuple[Doc, Doc]:
    """Give the documents with the changes of a fix."""
    app, fleet = changed(case.atomized.app, case.compiled, remedy.changes)
    return app.document(), whole(fleet, case)


def whole(fleet: CompiledFleet, case: Case) -> Doc:
    return case.fleet | {"hosts": [host.document() for host in fleet.index]}


@every_kind
@draws(6)
@given(data=st.data())
def test_every_fix_makes_it_possible_by_the_placement_that_it_tells(kind: str, data: Any) -> None:
    from tests.support.oracle.brute_force import Oracle as Brute

    case = drawn(kind, data)
    for remedy in remedies(case.atomized, case.compiled, case.oracle, Costs(), case.found()):
        event(" and ".join(sorted(remedy.kinds)))
        app, fleet = after(case, remedy)
        brute = Brute(app, fleet)
        placement = remedy.result.placement
        assert placement is not None
        assert placement.keys() == {id_ for id_, _, _ in brute.members}
        assert brute.holds(placement), [change.describe() for change in remedy.changes]


@every_kind
@draws(6)
@given(data=st.data())
def test_no_cheaper_change_of_what_is_asked_for_helps(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    rnd = Random(str(case.app))
    costs = Costs(
        **{name: rnd.choice((1, 2, 3, 5)) for name in ("relax", "soften", "drop", "fewer")}
    )
    relaxations = knobs_of(case.atomized, costs)
    best = Corrections(case.atomized, case.compiled, case.oracle, costs, case.found()).cheapest(
        ASKED
    )
    assert best is not None
    cheaper = []
    for state in product(*(range(relaxation.last + 1) for relaxation in relaxations)):
        cost = sum(
            relaxation.cost(position)
            for relaxation, position in zip(relaxations, state, strict=True)
        )
        if 0 < cost < best.cost:
            cheaper.append(dict(zip(relaxations, state, strict=True)))
        if len(cheaper) > FEW:
            break
    event(f"{min(len(cheaper), 9)} cheaper states")
    for one in cheaper[:FEW]:
        app, _ = changed(case.atomized.app, case.compiled, changes_of(case.atomized, one))
        assert not possible(app.document(), case.fleet), [
            c.describe() for c in changes_of(case.atomized, one)
        ]


@every_kind
@draws(5)
@given(data=st.data())
def test_it_never_fits_where_it_does_not_fit_an_empty_fleet(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    hosts = []
    for host in case.fleet["hosts"]:
        cells = [{k: v for k, v in cell.items() if k != "used"} for cell in host.get("cells", [])]
        hosts.append(
            {k: v for k, v in host.items() if k != "used"} | ({"cells": cells} if cells else {})
        )
    links = [
        {k: v for k, v in link.items() if k != "used_mbps"} for link in case.fleet.get("links", [])
    ]
    pieces = rules.hard_pieces(case.app, case.fleet)
    groups = {group["name"] for group in case.app["groups"]}
    alone, _ = rules.only(case.app, case.fleet, pieces, groups, {"VCPU", "MEMORY_MB"})
    said = never(case.atomized, case.compiled, case.found(), case.oracle)
    event(str(said))
    empty = {**case.fleet, "hosts": hosts, "links": links}
    assert said is (not possible({**alone, "existing": []}, empty))


def test_the_draws_have_conflicts_of_many_rules_and_of_all_sorts() -> None:
    found: Counter[str] = Counter()
    rnd = Random("shares")
    for kind in KINDS * 3:
        atoms = first_impossible(rnd, kind).found().atoms
        found["three rules or more"] += len(atoms) >= 3
        found["two groups"] += len({atom.group for atom in atoms if isinstance(atom, SizeRule)}) > 1
        found["room"] += any(isinstance(atom, CapacityRule) for atom in atoms)
        found["two policies"] += sum(isinstance(atom, PolicyRule) for atom in atoms) > 1
        found["the kind itself"] += any(
            isinstance(atom, PolicyRule) and atom.policy.kind == kind for atom in atoms
        )
    floors = {"three rules or more": 0.4, "room": 0.3, "two policies": 0.15}
    floors["the kind itself"] = 0.3
    shares = {what: number / (3 * len(KINDS)) for what, number in found.items()}
    assert all(shares[what] >= floor for what, floor in floors.items()), shares
