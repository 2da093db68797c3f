"""Minimal conflicts: QuickXplain against an enumeration of all subsets; the order of parts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from random import Random
from typing import Any, cast

import pytest

from groupsolver.solver.explain.feasibility import RuleFeasibility
from groupsolver.solver.explain.quickxplain import (
    MinimalConflict,
    candidate_parts,
    find_conflict,
    find_impossible_part,
    shrink,
)
from groupsolver.solver.explain.rules import CapacityRule, RuleAtom, RuleAtoms, SizeRule
from tests.support.explain_cases import ExplainCase
from tests.support.small import app, fleet, group, host


class Judge:
    """Answers that a set is impossible if it contains one of some conflicts."""

    def __init__(self, *conflicts: Iterable[RuleAtom]) -> None:
        self.conflicts = [frozenset(conflict) for conflict in conflicts]
        self.undecided: set[RuleAtoms] = set()
        self.questions = 0
        self.out_of_time = False

    def possible(self, atoms: Iterable[RuleAtom]) -> bool | None:
        self.questions += 1
        asked = frozenset(atoms)
        if asked in self.undecided:
            return None
        return not any(conflict <= asked for conflict in self.conflicts)


def shrunk(judge: Judge, atoms: list[RuleAtom]) -> list[RuleAtom]:
    return shrink(cast(RuleFeasibility, judge), atoms)


def sizes(names: str) -> list[RuleAtom]:
    return [SizeRule(name) for name in names]


def minimal_by_enumeration(judge: Judge, atoms: list[RuleAtom]) -> set[RuleAtoms]:
    """Every impossible subset of which each proper subset is possible."""
    found: set[RuleAtoms] = set()
    for number in range(len(atoms) + 1):
        for some in combinations(atoms, number):
            subset = frozenset(some)
            if not judge.possible(subset) and not any(known <= subset for known in found):
                found.add(subset)
    return found


@pytest.mark.parametrize("seed", range(60))
def test_what_is_left_is_one_of_the_minimal_conflicts(seed: int) -> None:
    rnd = Random(f"quickxplain {seed}")
    atoms = sizes("abcdefgh"[: rnd.randint(1, 8)])
    conflicts = [rnd.sample(atoms, rnd.randint(1, len(atoms))) for _ in range(rnd.randint(1, 4))]
    judge = Judge(*conflicts)
    assert frozenset(shrunk(judge, atoms)) in minimal_by_enumeration(judge, atoms)


def test_the_order_is_kept_and_earlier_rules_are_preferred() -> None:
    # Both {a, d} and {b, h} are conflicts: the first rules decide.
    judge = Judge(sizes("ad"), sizes("bh"))
    assert shrunk(judge, sizes("abcdefgh")) == sizes("ad")


def test_few_questions_are_enough_where_the_conflict_is_small() -> None:
    # Halving: 2 rules of 64 take at most 2 * 2 * log2(64 / 2) + 2 * 2 = 24 questions, not 64.
    atoms = [SizeRule(str(number)) for number in range(64)]
    judge = Judge([atoms[5], atoms[40]])
    assert shrunk(judge, list(atoms)) == [atoms[5], atoms[40]]
    assert judge.questions <= 24


def test_what_is_not_decided_stays() -> None:
    judge = Judge(sizes("a"))
    # Whether b is needed beside a is asked of {a}, which is impossible, but not decided in time.
    judge.undecided = {frozenset(sizes("a"))}
    assert shrunk(judge, sizes("ab")) == sizes("ab")


def test_nothing_is_left_of_nothing() -> None:
    assert shrunk(Judge(), []) == []


def test_only_capacities_may_be_in_two_conflicts() -> None:
    conflict = MinimalConflict((SizeRule("A"), CapacityRule("VCPU")), True)
    assert conflict.policies_and_sizes == {SizeRule("A")}


# On applications.


def apart_from(name: str) -> dict[str, Any]:
    return {"kind": "apart-from", "group": name}


def test_parts_come_smallest_first() -> None:
    # A and B are apart, B and C are apart; D and E have nothing to do with each other.
    groups = [group("A", 1, apart_from("B")), group("B", 1, apart_from("C"))]
    groups += [group(name, 1) for name in "CDE"]
    case = ExplainCase(app(*groups), fleet(host("h1")))
    parts = ["".join(sorted(part)) for part in candidate_parts(case.rules, case.fleet)]
    # Alone; counted by one policy; overlapping pairs of these, which here are all that is
    # connected.
    assert parts == ["A", "B", "C", "D", "E", "AB", "BC", "ABC"]


def test_the_impossible_part_is_found_and_other_groups_are_left_out() -> None:
    # B needs 9 of 4 VCPU by itself.
    case = ExplainCase(app(group("A", 1), group("B", 1, vcpu=9)), fleet(host("h1", 4)))
    part = find_impossible_part(case.feasibility, case.rules.atoms)
    assert part == [SizeRule("B"), CapacityRule("VCPU")]


def test_a_conflict_is_in_the_order_of_the_application_and_proved_minimal() -> None:
    # Three members, one a host, on two hosts. The trait is on both: it is not needed.
    rules = ({"kind": "host-capabilities", "required": ["CUSTOM_A"]}, "anti-affinity")
    hosts = fleet(host("h1", traits=["CUSTOM_A"]), host("h2", traits=["CUSTOM_A"]))
    case = ExplainCase(app(group("A", 3, *rules)), hosts)
    conflict = case.conflict()
    assert conflict.atoms == (SizeRule("A"), case.rules.policies[1])
    assert conflict.minimal


def test_there_is_no_conflict_in_what_is_possible() -> None:
    case = ExplainCase(app(group("A", 2)), fleet(host("h1")))
    assert find_conflict(case.feasibility) is None


def test_only_the_rules_that_may_take_part_do() -> None:
    case = ExplainCase(app(group("A", 2, "anti-affinity")), fleet(host("h1")))
    assert find_conflict(case.feasibility) is not None
    without_policies: list[RuleAtom] = [*case.rules.sizes, *case.rules.capacities]
    assert find_conflict(case.feasibility, without_policies) is None


def test_a_known_start_is_only_shrunk() -> None:
    # A and B are each impossible; the start is about B.
    groups = [group(name, 1, vcpu=9) for name in "AB"]
    case = ExplainCase(app(*groups), fleet(host("h1")))
    start = case.rules.atoms_about(["B"])
    conflict = find_conflict(case.feasibility, start=start)
    assert conflict is not None
    assert conflict.atoms == (SizeRule("B"), CapacityRule("VCPU"))


def test_once_the_time_is_over_all_rules_stay_and_nothing_is_asked() -> None:
    atoms = sizes("abcd")
    judge = Judge([atoms[1]])
    judge.out_of_time = True
    assert shrunk(judge, atoms) == atoms
    assert judge.questions == 0
