"""What a change concerns: the rules that count what changes, and all that these count."""

from __future__ import annotations

from groupsolver.solver.search.couplings import Couplings
from tests.support.small import group
from tests.support.small_problems import APART, Doc, SmallProblem, in_rack

HOSTS = [in_rack("h0", "r0"), in_rack("h1", "r1")]


def couplings(groups: list[Doc]) -> Couplings:
    return Couplings(SmallProblem(groups, HOSTS).compiled)


def test_a_change_of_a_group_concerns_its_own_rules_alone() -> None:
    concerned = couplings([group("A", 2, APART), group("B", 2, APART)]).of(["A"])
    assert [rule.group for rule in concerned.rules] == ["A"]
    assert concerned.groups == {"A"}


def test_groups_that_one_rule_counts_are_concerned_together() -> None:
    near = {"kind": "apart-from", "group": "B"}
    found = couplings([group("A", 1, near), group("B", 1, APART), group("C", 1, APART)])
    assert found.of(["B"]).groups == {"A", "B"}
    assert [str(rule.policy.kind) for rule in found.of(["B"]).rules] == [
        "apart-from",
        "anti-affinity",
    ]
    assert found.of(["C"]).groups == {"C"}


def test_a_rule_over_a_parent_concerns_all_of_its_children() -> None:
    parent = {"name": "P", "groups": ["A", "B"], "policies": [APART]}
    found = couplings([parent, group("A", 1), group("B", 1)])
    assert found.of(["A"]).groups >= {"A", "B"}


def test_only_rules_whose_meaning_depends_on_the_number_of_members_make_bundles() -> None:
    covers = {"kind": "spread", "level": "rack", "min_domains": 2}
    found = couplings([group("A", 2, covers), group("B", 2, APART)])
    assert found.bundle_of == {"A": frozenset({"A"})}


def test_bandwidth_concerns_everybody_who_sends() -> None:
    sends = {"kind": "bandwidth", "mbps": 10}
    found = couplings([group("A", 2, sends), group("B", 2, sends), group("C", 1)])
    assert found.of(["A"]).groups == {"A", "B"}
    assert found.of(["C"]).groups == {"C"}
