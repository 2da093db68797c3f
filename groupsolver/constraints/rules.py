"""The rules of a problem: policies with their groups, indexed by the groups that they count."""

from __future__ import annotations

from dataclasses import dataclass

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted, has_own_scope


@dataclass(frozen=True, eq=False)
class Rule:
    """A policy, and the group that it belongs to.

    Two rules are the same only if they are one object: a group may have two equal policies.
    """

    group: str
    policy: Policy

    def __str__(self) -> str:
        return self.policy.describe(self.group)

    @property
    def tier(self) -> int | None:
        """The priority of a soft rule that has one: its tier is bounded as a whole."""
        return None if self.policy.hard else self.policy.priority

    @property
    def weight(self) -> int:
        """The units that its measure costs in the objective; 0 if hard, or in a tier."""
        return self.policy.weight or 0 if self.tier is None else 0


class RuleBook:
    """The rules of one problem. Made by `rules_of`, once for each problem.

    Attributes
    ----------
    all : tuple of Rule
        In the order of the file: group by group, policy by policy.
    hard : tuple of Rule
        The rules that must hold.
    soft : tuple of Rule
        The rules that have a price.
    """

    def __init__(self, problem: Problem) -> None:
        self.all = tuple(
            Rule(group.name, policy) for group in problem.app.groups for policy in group.policies
        )
        self.hard = tuple(rule for rule in self.all if rule.policy.hard)
        self.soft = tuple(rule for rule in self.all if not rule.policy.hard)
        self._problem = problem
        # Places in `all`, so that every list that is asked for has the order of the file.
        self._own: dict[str, list[int]] = {}  # by the group that a rule belongs to
        self._naming: dict[str, list[int]] = {}  # by the group that it names
        # By place of a rule that says itself which groups it counts: these groups.
        self._scoped: dict[int, frozenset[str]] = {}
        for place, rule in enumerate(self.all):
            self._own.setdefault(rule.group, []).append(place)
            if rule.policy.target is not None:
                self._naming.setdefault(rule.policy.target, []).append(place)
            if has_own_scope(rule.policy):
                self._scoped[place] = groups_counted(rule.policy, rule.group, problem)
        self._over: dict[str, tuple[Rule, ...]] = {}
        self._counting: dict[str, tuple[Rule, ...]] = {}

    def of(self, group: str) -> tuple[Rule, ...]:
        """Return the rules that belong to a group itself."""
        return self._in_order(self._own.get(group, []))

    def over(self, group: str) -> tuple[Rule, ...]:
        """Return the rules of a group and of all groups above: they speak of its members."""
        if group not in self._over:
            above = self._problem.above[group]
            self._over[group] = self._in_order(
                [place for name in above for place in self._own.get(name, ())]
            )
        return self._over[group]

    def naming(self, group: str) -> tuple[Rule, ...]:
        """Return the rules of other groups that name a group."""
        return self._in_order(self._naming.get(group, []))

    def counting(self, group: str) -> tuple[Rule, ...]:
        """Return the rules that look at members of a group: over it, or naming it or one above."""
        if group not in self._counting:
            above = self._problem.above[group]
            places = {place for place, counted in self._scoped.items() if group in counted}
            for name in above:
                about = (*self._own.get(name, ()), *self._naming.get(name, ()))
                places.update(place for place in about if place not in self._scoped)
            self._counting[group] = self._in_order(list(places))
        return self._counting[group]

    def _in_order(self, places: list[int]) -> tuple[Rule, ...]:
        return tuple(self.all[place] for place in sorted(places))


def rules_of(problem: Problem) -> RuleBook:
    """Return the rules of a problem; the same object each time."""
    return problem.once("rules", lambda: RuleBook(problem))
