"""`survives` in a conflict: its sentence, and a proof by brute force that it is minimal."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from groupsolver import Application, Explanation, Fleet, check, compile_fleet, explain
from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.explain.rules import (
    ApplicationRules,
    PolicyRule,
    RuleAtom,
    SizeRule,
    split_policies,
)
from tests.functional.solver.test_survives import ONE, RACK, app, racks
from tests.support.draws.survives import cases, minded
from tests.support.oracle.survives import Survivors

Doc = dict[str, Any]
TWO: Doc = RACK | {"failures": 2}
APART: Doc = {"kind": "anti-affinity", "level": "rack"}


def conflict(
    application: Application, fleet: Fleet, **more: Any
) -> tuple[dict[tuple[str, str], str], dict[str, int]]:
    """The sentences of a conflict that is minimal, and the fixes, each of which is placed."""
    found = explain(application, fleet, limits=ONE, **more)
    assert found.status == "infeasible"
    assert found.conflict is not None
    assert found.conflict.minimal
    hold_by_brute_force(application, fleet, found)
    assert all(fix.placement is not None for fix in found.conflict.fixes)
    sentences = {(one.group, one.policy): one.sentence for one in found.conflict.policies}
    return sentences, {fix.change: fix.cost for fix in found.conflict.fixes}


def possible(rules: ApplicationRules, atoms: list[RuleAtom], fleet: Fleet) -> bool:
    return Survivors(rules.application(atoms).document(), fleet.document()).best("cost") is not None


def hold_by_brute_force(application: Application, fleet: Fleet, found: Explanation) -> bool:
    """Assert that the rules of a conflict are impossible, and possible without any one of them.

    Return False where names do not identify the rules of the conflict.
    """
    assert found.conflict is not None
    index = compile_fleet(fleet).index
    rules = ApplicationRules(Problem(split_policies(Problem(application, index)), index))
    policies = {(one.group, one.policy) for one in found.conflict.policies}
    rooms = {one.resource for one in found.conflict.capacity}
    kinds = Counter((piece.group, piece.policy.kind) for piece in rules.policies)
    if any(kinds[key] > 1 for key in policies):
        return False

    def in_conflict(atom: RuleAtom) -> bool:
        if isinstance(atom, PolicyRule):
            return (atom.group, atom.policy.kind) in policies
        return (
            (atom.group, "members") in policies
            if isinstance(atom, SizeRule)
            else atom.resource in rooms
        )

    atoms = [atom for atom in rules.atoms if in_conflict(atom)]
    assert not possible(rules, atoms, fleet)
    assert all(possible(rules, [one for one in atoms if one is not atom], fleet) for atom in atoms)
    return True


def test_a_conflict_says_how_many_places_are_left_after_the_worst_loss() -> None:
    # Racks of two and one hosts, a member a host: without r0 there is one place for two.
    sentences, fixes = conflict(app(RACK), racks(2, 1))
    assert sentences.keys() == {("A", "members"), ("A", "survives")}
    sentence = "after the loss of any rack, all members of A find a place again; "
    assert (
        sentences["A", "survives"]
        == sentence + "without rack r0 there is at most 1 place for 2 new members"
    )
    assert fixes == {
        "1 more host like h0 (4 VCPU) in rack r1, called new-1 in the placement": 4,
        f"make A survives at rack soft: {sentence[:-2]}": 5,
        "A 2 -> 1 member": 10,
    }


def test_names_are_shown_only_where_they_may_be() -> None:
    sentences, _ = conflict(app(TWO), racks(1, 1, 2), reveal=False)
    # Of four places, r2 and one more rack have three.
    assert sentences["A", "survives"].endswith(
        "; without the roomiest 2 racks there is at most 1 place for 2 new members"
    )
    sentences, _ = conflict(app(TWO), racks(1, 1, 2))
    assert sentences["A", "survives"].endswith(
        "; without racks r2 and r0 there is at most 1 place for 2 new members"
    )


def test_fewer_failures_are_the_cheapest_fix() -> None:
    # One a rack, three of four racks: two are left after any two.
    sentences, fixes = conflict(app(TWO, APART, count=3), racks(1, 1, 1, 1))
    assert sentences.keys() == {("A", "members"), ("A", "survives"), ("A", "anti-affinity")}
    assert sentences["A", "survives"].endswith(
        "; without racks r0 and r1 there are at most 2 places for 3 new members"
    )
    assert fixes["A survives at rack failures 2 -> 1"] == 1
    three = RACK | {"failures": 3}
    # Of four racks two failures leave two: of three failures, one step less is enough.
    _, fixes = conflict(app(three, APART), racks(1, 1, 1, 1))
    assert fixes["A survives at rack failures 3 -> 2"] == 1
    # Two members of one rack each, three racks: from three failures to one are two steps.
    _, fixes = conflict(app(three, APART), racks(1, 1, 1))
    assert fixes["A survives at rack failures 3 -> 1"] == 2


def test_whoever_takes_the_reserve_is_part_of_the_conflict_and_nobody_else() -> None:
    # B's two take two of five hosts. Whichever rack with members of A is lost, fewer hosts are free
    # than it held of A. C takes nothing, and with one member of B less all have a place.
    others = (
        {"name": "B", "members": [{"count": 2, "resources": {"VCPU": 4}}]},
        {"name": "C", "members": [{"resources": {}}]},
    )
    sentences, fixes = conflict(app(RACK, more=others), racks(2, 3))
    assert sentences.keys() == {("A", "members"), ("B", "members"), ("A", "survives")}
    assert fixes["B 2 -> 1 member"] == 10


def test_running_members_alone_are_never_a_conflict() -> None:
    # Two run in r0 and have one place left after it: that is forgiven. The new one on h2 would take
    # that place.
    there = tuple(
        {"group": "A", "id": f"old{i}", "host": f"h{i}", "resources": {"VCPU": 4}} for i in (0, 1)
    )
    busy = racks(2, 1, 1).document()
    for host in busy["hosts"][:2]:
        host["used"] = {"VCPU": 4}
    fleet = Fleet.model_validate(busy)
    sentences, _ = conflict(app(RACK, count=1, existing=there), fleet)
    assert sentences.keys() == {("A", "members"), ("A", "survives")}
    assert check(app(RACK, count=0, existing=there), fleet, {}).violations == ()


@pytest.mark.integration
def test_every_conflict_is_one_and_minimal() -> None:
    seen: Counter[str] = Counter()
    for seed in range(32):
        rnd = Random(f"why {seed}")
        app_, fleet_ = (cases if seed % 2 else minded)(rnd, False)
        if Survivors(app_, fleet_).best("cost") is not None:
            continue
        application, fleet = Application.model_validate(app_), Fleet.model_validate(fleet_)
        found = explain(application, fleet, limits=ONE, fixes=seed % 8 < 2)
        assert (found.status, found.conflict and found.conflict.minimal) == ("infeasible", True), (
            seed
        )
        assert found.conflict is not None
        seen["all"] += 1
        seen["identified"] += hold_by_brute_force(application, fleet, found)
        seen["survives"] += any(one.policy == "survives" for one in found.conflict.policies)
    assert seen["identified"] > 0.8 * seen["all"]
    assert seen["survives"] > 0.4 * seen["all"] > 4


def test_leaving_rules_out_never_makes_it_impossible() -> None:
    seen: Counter[bool] = Counter()
    for seed in range(40):
        rnd = Random(f"less {seed}")
        app_, fleet_ = (cases if seed % 2 else minded)(rnd, False)
        application, fleet = Application.model_validate(app_), Fleet.model_validate(fleet_)
        index = compile_fleet(fleet).index
        rules = ApplicationRules(Problem(split_policies(Problem(application, index)), index))
        some: list[RuleAtom] = [atom for atom in rules.atoms if rnd.random() < 0.9]
        first = possible(rules, some, fleet)
        seen[first] += 1
        if first:
            assert possible(rules, [atom for atom in some if rnd.random() < 0.8], fleet), seed
    assert min(seen.values()) >= 8


def test_what_is_forgiven_rests_on_the_rules_that_make_it_so() -> None:
    # Old may be on h0 alone, so it has no place without h0: one is forgiven, and B on h1 has no
    # other place either. Were old free to go, h1 would take it, nothing would be forgiven, and B
    # would have no place.
    full = {"VCPU": 4}
    hosts = [
        {"name": "h0", "inventory": {"VCPU": 8}, "used": full},
        {"name": "h1", "inventory": full},
    ]
    groups: list[Doc] = [
        {"name": "P", "groups": ["A", "B"], "policies": [{"kind": "survives"}]},
        {"name": "A", "policies": [{"kind": "within", "hosts": ["h0"]}]},
        {"name": "B", "members": [{"resources": full}]},
    ]
    there = {"group": "A", "id": "old", "host": "h0", "resources": full}
    application = Application.model_validate({"groups": groups, "existing": [there]})
    fleet = Fleet.model_validate({"hosts": hosts})
    index = compile_fleet(fleet).index
    rules = ApplicationRules(Problem(split_policies(Problem(application, index)), index))
    for atom in rules.atoms:
        assert possible(rules, [other for other in rules.atoms if other is not atom], fleet)
