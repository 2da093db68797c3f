"""Rules by the groups that they look at, in the order of the file."""

from __future__ import annotations

from groupsolver import compile_fleet
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import RuleBook, rules_of
from tests.support.small import app, fleet, group, host


def book() -> tuple[Problem, RuleBook]:
    """A and B below P; C names B, alone is exclusive."""
    near = {"kind": "near", "group": "B", "weight": 2}
    asked = app(
        group("A", 1, "anti-affinity"),
        group("B", 1, {"kind": "affinity", "weight": 1}),
        group("C", 1, near),
        group("P", 0, "affinity", groups=["A", "B"]) | {"members": []},
        group("alone", 1, "exclusive"),
    )
    problem = Problem(asked, compile_fleet(fleet(host("h1"))).index)
    return problem, rules_of(problem)


def named(rules: tuple[object, ...]) -> list[str]:
    return [f"{rule.group} {rule.policy.kind}" for rule in rules]  # type: ignore[attr-defined]


def test_rules_come_in_the_order_of_the_file_hard_and_soft_apart() -> None:
    _, rules = book()
    every = ["A anti-affinity", "B affinity", "C near", "P affinity", "alone exclusive"]
    assert named(rules.all) == every
    assert named(rules.hard) == ["A anti-affinity", "P affinity", "alone exclusive"]
    assert named(rules.soft) == ["B affinity", "C near"]


def test_the_rules_over_a_group_are_its_own_and_those_of_groups_above() -> None:
    _, rules = book()
    assert named(rules.over("B")) == ["B affinity", "P affinity"]
    assert named(rules.of("B")) == ["B affinity"]
    assert named(rules.over("C")) == ["C near"]


def test_the_rules_that_count_a_group_also_name_it_or_look_at_everybody() -> None:
    _, rules = book()
    assert named(rules.counting("B")) == ["B affinity", "C near", "P affinity", "alone exclusive"]
    assert named(rules.naming("B")) == ["C near"]


def test_the_index_agrees_with_what_each_policy_counts() -> None:
    problem, rules = book()
    for name in problem.groups:
        counting = [
            rule for rule in rules.all if name in groups_counted(rule.policy, rule.group, problem)
        ]
        assert list(rules.counting(name)) == counting


def test_a_problem_has_one_book_and_says_each_rule_in_words() -> None:
    problem, rules = book()
    assert rules_of(problem) is rules
    assert str(rules.of("A")[0]) == "no host holds more than 1 member of A"
