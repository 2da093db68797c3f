"""The parts of a tier, and the application of each part."""

from __future__ import annotations

from typing import Any

from groupsolver.constraints.problem.problem import Problem
from groupsolver.solver.lexicographic.tier_parts import part_of_application, tier_parts
from groupsolver.solver.lexicographic.tiers import prioritized_rules
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem

FLEET = fleet(*(host(f"h{i}") for i in range(3)))
HARD = {"kind": "anti-affinity"}


def soft(kind: str, priority: int | None = 0, **more: Any) -> dict[str, Any]:
    found = {"kind": kind, "weight": 1, **more}
    return found if priority is None else found | {"priority": priority}


def problem(*groups: dict[str, Any]) -> Problem:
    return compiled_problem(app(*groups), FLEET).problem


def parts(found: Problem, tier: int = 0) -> list[str]:
    rules = [rule for rule in prioritized_rules(found) if rule.tier == tier]
    return ["".join(sorted(part)) for part in tier_parts(found, rules)]


def test_groups_that_one_rule_counts_are_one_part() -> None:
    # A's rule counts A and B, C's counts C; no rule of the tier counts D.
    found = problem(
        group("A", 1, soft("apart-from", group="B")),
        group("B", 1),
        group("C", 2, soft("anti-affinity")),
        group("D", 1),
    )
    assert parts(found) == ["AB", "C"]


def test_a_chain_of_rules_joins_its_groups() -> None:
    found = problem(
        group("A", 1, soft("apart-from", group="B")),
        group("B", 1, soft("apart-from", group="C")),
        group("C", 1),
        group("D", 1),
    )
    assert parts(found) == ["ABC"]


def test_rules_of_other_tiers_join_nothing() -> None:
    found = problem(
        group("A", 1, soft("anti-affinity"), soft("apart-from", 1, group="B")),
        group("B", 1, soft("anti-affinity")),
    )
    assert parts(found) == ["A", "B"]


def test_a_part_with_all_groups_is_left_out() -> None:
    found = problem(group("A", 1, soft("apart-from", group="B")), group("B", 1))
    assert parts(found) == []


def kinds(found: Problem, part: str, tier: int) -> dict[str, list[str]]:
    alone = part_of_application(found, frozenset(part), tier)
    return {
        one.name: [f"{policy.kind} {policy.priority}" for policy in one.policies]
        for one in alone.groups
    }


def test_a_part_keeps_the_rules_that_bind_it_as_they_bind_the_whole() -> None:
    # Of A: a hard rule, one of tier 0, two of tier 1 of which `near` counts members outside, and
    # one without a priority that counts none outside. B's rules count no member of A.
    found = problem(
        group(
            "A",
            2,
            HARD,
            soft("affinity", 0),
            soft("within", 1, hosts=["h0"]),
            soft("near", 1, group="B", level="host"),
            soft("exclusive", None),
        ),
        group("B", 2, HARD, soft("affinity", 1)),
    )
    kept = kinds(found, "A", tier=1)
    assert kept["A"][:3] == ["anti-affinity None", "affinity 0", "within 1"]
    assert "near 1" not in kept["A"]
    # B has no new members in the part. Its hard rule is monotone and does no harm.
    assert "affinity 1" not in kept["B"]


def test_only_the_part_has_new_members() -> None:
    found = problem(group("A", 2), group("B", 3))
    alone = part_of_application(found, frozenset("B"), tier=0)
    sizes = {one.name: sum(members.count for members in one.members) for one in alone.groups}
    assert sizes == {"A": 0, "B": 3}
