"""An application as rules: which there are, and what is left of it without some of them."""

from __future__ import annotations

from groupsolver import Application, Fleet, compile_fleet
from groupsolver.model.application import member_ids
from groupsolver.solver.explain.rules import (
    ApplicationRules,
    CapacityRule,
    PolicyRule,
    SizeRule,
)
from tests.support.explain_cases import application_rules
from tests.support.small import app, fleet, group, host

HOSTS = fleet(host("h1", domains={"rack": "r1"}), host("h2"), levels=("rack",))
APART = {"kind": "anti-affinity", "level": "rack"}
SOFT = {"kind": "affinity", "weight": 2}
NEAR_B = {"kind": "near", "group": "B"}
SKEW = {"kind": "spread", "level": "rack", "max_skew": 1}
ONLY_H1 = {"kind": "within", "hosts": ["h1"]}


def rules(application: Application, on: Fleet = HOSTS) -> ApplicationRules:
    return application_rules(application, compile_fleet(on))


def kinds_left(found: ApplicationRules, *left_out: object) -> list[str]:
    """The kinds of the policies of the application without some rules."""
    atoms = [atom for atom in found.atoms if atom not in left_out]
    return [policy.kind for group in found.application(atoms).groups for policy in group.policies]


def test_rules_are_sizes_hard_policies_and_the_resource_classes_that_members_need() -> None:
    found = rules(
        app(group("A", 2, APART, SOFT), group("B", 1), group("empty", 0) | {"members": []})
    )
    assert found.sizes == (SizeRule("A"), SizeRule("B"))
    assert [(rule.group, rule.index, rule.policy.kind) for rule in found.policies] == [
        ("A", 0, "anti-affinity")
    ]
    assert found.capacities == (CapacityRule("VCPU"),)
    assert found.atoms == [*found.sizes, *found.policies, *found.capacities]


def test_a_policy_that_says_several_things_is_several_rules() -> None:
    # Two traits and a minimum: three rules, at positions 0, 1 and 2; the soft policy stays at 3.
    asks = {
        "kind": "host-capabilities",
        "required": ["CUSTOM_A", "CUSTOM_B"],
        "minimum": {"VCPU": 2},
    }
    found = rules(app(group("A", 1, asks, SOFT, APART)))
    assert [(rule.index, rule.policy.kind) for rule in found.policies] == [
        (0, "host-capabilities"),
        (1, "host-capabilities"),
        (2, "host-capabilities"),
        (4, "anti-affinity"),
    ]


def test_equal_policies_are_different_rules() -> None:
    policy = rules(app(group("A", 1, APART))).policies[0].policy
    assert PolicyRule("A", 0, policy) != PolicyRule("A", 0, policy)


def test_without_a_size_nothing_of_the_group_is_placed() -> None:
    found = rules(app(group("A", 2, APART), group("B", 1)))
    atoms = [atom for atom in found.atoms if atom != SizeRule("A")]
    members = {one.name: list(member_ids(one)) for one in found.application(atoms).groups}
    assert (len(members["A"]), len(members["B"])) == (0, 1)
    # Fewer members never break anti-affinity: it may stay.
    assert kinds_left(found, SizeRule("A")) == ["anti-affinity"]


def test_without_a_capacity_nobody_needs_the_resource_class() -> None:
    found = rules(app(group("A", 2, vcpu=3)))
    left = found.application([SizeRule("A")])
    assert [members.resources for _, members in member_ids(left.groups[0])] == [{}, {}]
    whole = found.application(found.atoms)
    assert [whole.resources(one) for _, one in member_ids(whole.groups[0])] == [{"VCPU": 3}] * 2


def test_a_policy_does_not_bind_without_the_members_that_could_satisfy_it() -> None:
    found = rules(app(group("A", 1, NEAR_B), group("B", 1)))
    (near,) = found.policies
    assert found.counted_groups(near) == {"A", "B"}
    assert "B" in found.helping_groups(near)
    assert kinds_left(found) == ["near"]
    assert kinds_left(found, SizeRule("B")) == []


def test_a_skew_does_not_bind_without_the_rules_that_say_which_hosts_are_eligible() -> None:
    found = rules(app(group("A", 1, SKEW, ONLY_H1)))
    skew, within = found.policies
    assert found.prerequisites(skew) == {within}
    assert found.prerequisites(within) == frozenset()
    assert kinds_left(found, within) == []
    assert kinds_left(found, skew) == ["within"]


def test_a_skew_over_domains_with_room_binds_only_where_everything_is_placed() -> None:
    by_room = SKEW | {"skew_over": "with-room"}
    found = rules(app(group("A", 1, by_room), group("B", 1)))
    (skew,) = found.policies
    assert found.helping_groups(skew) == found.counted_groups(skew) == {"A", "B"}
    assert found.prerequisites(skew) == {CapacityRule("VCPU")}
    assert kinds_left(found) == ["spread"]
    assert kinds_left(found, CapacityRule("VCPU")) == []
    assert kinds_left(found, SizeRule("B")) == []


def test_a_bound_on_domains_binds_whoever_is_placed() -> None:
    few = {"kind": "spread", "level": "rack", "max_domains": 1}
    found = rules(app(group("A", 1, few), group("B", 1)))
    assert kinds_left(found, SizeRule("A"), SizeRule("B"), CapacityRule("VCPU")) == ["spread"]


def test_rules_about_a_group_leave_out_what_needs_the_help_of_others() -> None:
    apart_from_b = {"kind": "apart-from", "group": "B"}
    found = rules(app(group("A", 1, NEAR_B, apart_from_b), group("B", 1), group("C", 1, APART)))
    near, apart, other = found.policies
    about = found.atoms_about(["A"])
    assert about == [SizeRule("A"), apart, CapacityRule("VCPU")]
    assert near not in about
    assert other not in about
    assert found.atoms_about(["A", "B"])[:4] == [SizeRule("A"), SizeRule("B"), near, apart]
