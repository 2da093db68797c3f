"""Laws of conflicts and fixes, against brute force that reads plain documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice, product
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver import Application, Costs, Fleet, Limits, compile_fleet
from groupsolver.changes.change import apply_changes
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.corrections import Corrections, VerifiedFix
from groupsolver.solver.explain.empty_fleet import impossible_on_empty_fleet
from groupsolver.solver.explain.feasibility import FeasibilityOracle, RuleFeasibility
from groupsolver.solver.explain.fixes import APPLICATION_KINDS, find_fixes
from groupsolver.solver.explain.pipeline import further_conflicts
from groupsolver.solver.explain.quickxplain import MinimalConflict, find_conflict
from groupsolver.solver.explain.relaxations import (
    Relaxation,
    State,
    changes_of,
    relaxations_of,
)
from groupsolver.solver.explain.rules import (
    ApplicationRules,
    CapacityRule,
    PolicyRule,
    RuleAtom,
    SizeRule,
    split_policies,
)
from groupsolver.solver.pipeline import answer
from tests.support.draws.applications import KINDS, cases, dice, draws
from tests.support.minimal_documents import case_of
from tests.support.oracle import rule_subsets
from tests.support.oracle.brute_force import Oracle
from tests.support.oracle.rule_subsets import Doc, possible

MAX_STATES = 41  # that are tried by brute force
every_kind = pytest.mark.parametrize("kind", KINDS)


class Case:
    """A drawn application without a placement, and what the library answers about it."""

    def __init__(self, app: Doc, fleet: Doc) -> None:
        self.app = app
        self.fleet = fleet
        self.compiled = compile_fleet(Fleet.model_validate(fleet))
        problem = Problem(Application.model_validate(app), self.compiled.index)
        self.rules = ApplicationRules(Problem(split_policies(problem), self.compiled.index))
        budget = Budget(Limits(seconds=600, workers=1), None)
        self.oracle = FeasibilityOracle(answer, "pack", budget)
        self.feasibility = RuleFeasibility(self.rules, self.compiled, self.oracle)

    def possible(self, atoms: list[RuleAtom]) -> bool:
        """Whether brute force finds a placement by some rules."""
        policies = [
            (atom.group, atom.policy.document()) for atom in atoms if isinstance(atom, PolicyRule)
        ]
        sizes = {atom.group for atom in atoms if isinstance(atom, SizeRule)}
        classes = {atom.resource for atom in atoms if isinstance(atom, CapacityRule)}
        app, fleet = rule_subsets.only(self.app, self.fleet, policies, sizes, classes)
        return possible(app, fleet)

    def conflict(self) -> MinimalConflict:
        """The conflict that the library finds."""
        conflict = find_conflict(self.feasibility)
        assert conflict is not None
        return conflict

    def hard_application(self) -> Application:
        """The application of the hard rules alone."""
        return self.rules.application(self.rules.atoms)  # type: ignore[return-value]


def drawn(kind: str, data: Any) -> Case:
    """Draw a case without a placement."""
    rnd = data.draw(dice(kind, False))
    documents = case_of(rnd, lambda rnd: documents_of(first_impossible(rnd, kind)))
    note(str(documents))
    if possible(*documents):  # while a failure is shrunk: a law says nothing of such a case
        raise ValueError("the case has a placement")
    return Case(*documents)


def documents_of(case: Case) -> tuple[Doc, Doc]:
    return case.app, case.fleet


def first_impossible(rnd: Random, kind: str) -> Case:
    """Draw cases without a placement, and return the one with most policies in its conflict."""
    best = None
    most = -1
    for _ in range(rnd.choice((1, 1, 3))):
        app, fleet = cases(rnd, kind, soft=False)
        while possible(app, fleet):
            app, fleet = cases(rnd, kind, soft=False)
        case = Case(app, fleet)
        policies = sum(isinstance(atom, PolicyRule) for atom in case.conflict().atoms)
        if policies > most:
            best = case
            most = policies
    assert best is not None
    return best


@every_kind
@draws(12)
@given(data=st.data())
def test_a_conflict_is_impossible_and_each_proper_part_of_it_is_not(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    conflict = case.conflict()
    event(f"{len(conflict.atoms)} rules")
    assert conflict.minimal
    assert not case.possible(list(conflict.atoms))
    for atom in conflict.atoms:
        assert case.possible([other for other in conflict.atoms if other is not atom]), atom


@every_kind
@draws(4)
@given(data=st.data())
def test_further_conflicts_are_disjoint_and_without_them_the_rest_is_possible(
    kind: str, data: Any
) -> None:
    case = drawn(kind, data)
    first = case.conflict()
    further = further_conflicts(case.feasibility, first)
    occurrences: Counter[RuleAtom] = Counter()
    for conflict in (first, *further):
        occurrences.update(conflict.policies_and_sizes)
    assert set(occurrences.values()) <= {1}
    for conflict in further:
        assert not case.possible(list(conflict.atoms))
    assert case.possible([atom for atom in case.rules.atoms if atom not in occurrences])


def changed_documents(case: Case, fix: VerifiedFix) -> tuple[Doc, Doc]:
    """The application and the fleet with the changes of a fix."""
    app, fleet = apply_changes(case.rules.app, case.compiled, fix.changes)
    return app.document(), fleet_document(fleet, case)


def fleet_document(fleet: CompiledFleet, case: Case) -> Doc:
    return case.fleet | {
        "hosts": [host.document() for host in fleet.index],
        "pools": [pool.document() for pool in fleet.index.pools.pools],
    }


@every_kind
@draws(6)
@given(data=st.data())
def test_every_fix_makes_it_possible_by_the_placement_that_it_tells(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    for fix in find_fixes(case.rules, case.compiled, case.oracle, Costs(), case.conflict()):
        event(" and ".join(sorted(fix.kinds)))
        brute_force = Oracle(*changed_documents(case, fix))
        placement = fix.result.placement
        assert placement is not None
        assert placement.keys() == {id_ for id_, _, _ in brute_force.members}
        assert brute_force.holds(placement), [change.describe() for change in fix.changes]


@every_kind
@draws(6)
@given(data=st.data())
def test_no_cheaper_change_of_policies_and_sizes_helps(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    rnd = Random(str(case.app))
    prices = {name: rnd.choice((1, 2, 3, 5)) for name in ("relax", "soften", "drop", "fewer")}
    costs = Costs(**prices)
    corrections = Corrections(case.rules, case.compiled, case.oracle, costs, case.conflict())
    best = corrections.cheapest(APPLICATION_KINDS)
    event("a correction" if best else "only leaving all members out helps")
    if best is None:
        return
    relaxations = relaxations_of(case.rules, costs)
    cheaper = list(islice(states_below(relaxations, best.cost), MAX_STATES))
    event(f"{min(len(cheaper), 9)} cheaper states")
    for state in cheaper:
        changes = changes_of(case.rules, state)
        app, _ = apply_changes(case.rules.app, case.compiled, changes)
        sentences = [change.describe() for change in changes]
        if Problem(app, case.compiled.index).new_members:  # placing nothing is not proposed
            assert not possible(app.document(), case.fleet), sentences


def states_below(relaxations: list[Relaxation], cost: int) -> Iterator[State]:
    """Every state that costs something, and less than so much."""
    for positions in product(*(range(relaxation.last + 1) for relaxation in relaxations)):
        state = dict(zip(relaxations, positions, strict=True))
        if 0 < sum(relaxation.cost(position) for relaxation, position in state.items()) < cost:
            yield state


@every_kind
@draws(5)
@given(data=st.data())
def test_it_never_fits_where_it_does_not_fit_an_empty_fleet(kind: str, data: Any) -> None:
    case = drawn(kind, data)
    policies = rule_subsets.hard_pieces(case.app, case.fleet)
    groups = {group["name"] for group in case.app["groups"]}
    resources = {"VCPU", "MEMORY_MB", "CUSTOM_GPU"}
    app, _ = rule_subsets.only(case.app, case.fleet, policies, groups, resources)
    never = impossible_on_empty_fleet(case.rules, case.compiled, case.conflict(), case.oracle)
    event(str(never))
    assert never is (not possible({**app, "existing": []}, emptied_document(case.fleet)))


def emptied_document(fleet: Doc) -> Doc:
    """A fleet with nothing on its hosts, links and pools."""
    hosts = []
    for host in fleet["hosts"]:
        empty = without(host, "used")
        if host.get("cells"):
            empty["cells"] = [without(cell, "used") for cell in host["cells"]]
        hosts.append(empty)
    links = [without(link, "used_mbps") for link in fleet.get("links", [])]
    pools = [without(pool, "used") for pool in fleet.get("pools", [])]
    return {**fleet, "hosts": hosts, "links": links, "pools": pools}


def without(document: Doc, key: str) -> Doc:
    return {other: value for other, value in document.items() if other != key}


def test_the_draws_have_conflicts_of_many_rules_and_of_all_sorts() -> None:
    found: Counter[str] = Counter()
    rnd = Random("shares")
    for kind in KINDS * 5:
        atoms = first_impossible(rnd, kind).conflict().atoms
        groups = {atom.group for atom in atoms if isinstance(atom, SizeRule)}
        policies = [atom for atom in atoms if isinstance(atom, PolicyRule)]
        found["three rules or more"] += len(atoms) >= 3
        found["two groups"] += len(groups) > 1
        found["capacity"] += any(isinstance(atom, CapacityRule) for atom in atoms)
        found["two policies"] += len(policies) > 1
        found["the kind itself"] += any(atom.policy.kind == kind for atom in policies)
    floors = {"three rules or more": 0.4, "capacity": 0.3, "two policies": 0.07}
    floors["the kind itself"] = 0.3
    shares = {what: number / (5 * len(KINDS)) for what, number in found.items()}
    assert all(shares[what] >= floor for what, floor in floors.items()), shares


def reserved_case(rnd: Random) -> tuple[Doc, Doc]:
    """Two groups that require traits, or a group above them, on hosts that are reserved."""
    traits = ["SSD", "GPU"]
    hosts = []
    for i in range(rnd.randint(2, 4)):
        some = rnd.sample(traits, rnd.randint(0, 2))
        kept_for = [trait for trait in some if rnd.randint(1, 3) > 1]
        inventory = {"VCPU": rnd.randint(1, 3)}
        hosts.append(
            {"name": f"h{i}", "inventory": inventory, "traits": some, "reserved_for": kept_for}
        )
    groups: list[Doc] = []
    for name in ("A", "B", "P"):
        asked = rnd.sample(traits, rnd.randint(0, 2))
        policies: list[Any] = [{"kind": "host-capabilities", "required": asked}] if asked else []
        policies += [{"kind": "anti-affinity"}] if rnd.randint(1, 3) == 1 else []
        members = [{"resources": {"VCPU": 1}, "count": rnd.randint(1, 2)}]
        below = {"groups": ["A"]} if name == "P" else {"members": members}
        groups.append({"name": name, "policies": policies, **below})
    return {"groups": groups}, {"levels": [], "hosts": hosts}


@draws(60)
@given(seed=st.integers(0, 2**40))
def test_without_rules_that_require_traits_reserved_hosts_stay_open(seed: int) -> None:
    rnd = Random(seed)
    documents = reserved_case(rnd)
    note(str(documents))
    case = Case(*documents)
    atoms = case.rules.atoms
    sizes = [atom for atom in atoms if isinstance(atom, SizeRule)]
    others = [atom for atom in atoms if not isinstance(atom, SizeRule)]
    some = [*sizes, *rnd.sample(others, rnd.randint(0, len(others)))]
    expected = case.possible(some)
    event(f"{'possible' if expected else 'impossible'}, {len(atoms) - len(some)} rules left out")
    assert case.feasibility.possible(some) is expected
    if case.possible(atoms):
        assert expected  # what leaves rules out is never harder


@draws(12)
@given(seed=st.integers(0, 2**40))
def test_a_fix_helps_where_hosts_are_reserved(seed: int) -> None:
    rnd = Random(seed)
    documents = reserved_case(rnd)
    while possible(*documents):
        documents = reserved_case(rnd)
    note(str(documents))
    case = Case(*documents)
    for fix in find_fixes(case.rules, case.compiled, case.oracle, Costs(), case.conflict()):
        event(" and ".join(sorted(fix.kinds)))
        brute_force = Oracle(*changed_documents(case, fix))
        assert fix.result.placement is not None
        assert brute_force.holds(fix.result.placement)
