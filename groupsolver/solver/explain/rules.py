"""An application as a set of rules, each of which may be left out: what conflicts are made of.

There are three kinds of rule:

- a *policy rule*: a hard policy, or one part of a policy that says several things;
- a *size rule*: all new members of a group are placed;
- a *capacity rule*: new members consume what the hosts have of one resource class.

Leaving out rules never makes an application impossible. QuickXplain needs this monotonicity. It
takes care in three places:

- Without its size rule, no new member of a group is placed. Policies that these members could have
  satisfied do not bind then.
- Without a capacity rule, no new member needs any of that resource class.
- A policy whose meaning depends on another rule does not bind without that rule.

Running members, disabled hosts and hosts above their capacity stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import (
    groups_helping,
    groups_rested_on,
    pieces_of,
    rests_on,
    rests_on_capacity,
)
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.model.application import Application, Group
from groupsolver.solver.presolve.subproblem import build_subproblem


@dataclass(frozen=True, eq=False)
class PolicyRule:
    """A hard policy of a group, or one of the things that it says.

    Two policy rules are equal only if they are the same object: a group may have equal policies.

    Attributes
    ----------
    group : str
    index : int
        Position among the group's policies in `ApplicationRules.app`.
    policy : Policy
    """

    group: str
    index: int
    policy: Policy


@dataclass(frozen=True)
class SizeRule:
    """All new members of a group are placed."""

    group: str


@dataclass(frozen=True)
class CapacityRule:
    """New members consume what hosts have of a resource class."""

    resource: str


RuleAtom = PolicyRule | SizeRule | CapacityRule
RuleAtoms = frozenset[RuleAtom]


def split_policies(problem: Problem) -> Application[Any]:
    """Return the same application, with each hard policy split into parts that say one thing."""

    def parts(group: Group[Any]) -> Iterable[Policy]:
        for policy in group.policies:
            if policy.hard:
                yield from pieces_of(policy, group.name, problem)
            else:
                yield policy

    groups = [
        group.model_copy(update={"policies": tuple(parts(group))}) for group in problem.app.groups
    ]
    return problem.app.model_copy(update={"groups": tuple(groups)})


class ApplicationRules:
    """The rules of one application.

    Parameters
    ----------
    problem : Problem
        Of an application whose policies are split, as by `split_policies`.

    Attributes
    ----------
    problem : Problem
    app : Application
    placed : frozenset of str
        The groups with new members.
    sizes : tuple of SizeRule
        One for each group with new members, in the order of the file.
    policies : tuple of PolicyRule
    capacities : tuple of CapacityRule
        One for each resource class that a new member needs.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.app = problem.app
        self.placed = frozenset(member.group for member in problem.new_members)
        self.sizes = tuple(SizeRule(group) for group in problem.groups if group in self.placed)
        self.policies = tuple(
            PolicyRule(group.name, index, policy)
            for group in problem.app.groups
            for index, policy in enumerate(group.policies)
            if policy.hard
        )
        self._policies_of: dict[str, list[PolicyRule]] = {}
        for rule in self.policies:
            self._policies_of.setdefault(rule.group, []).append(rule)
        self.capacities = tuple(map(CapacityRule, self._resources(self.placed)))
        self._counted: dict[PolicyRule, frozenset[str]] = {}
        self._helping: dict[PolicyRule, frozenset[str]] = {}
        self._prerequisites: dict[PolicyRule, RuleAtoms] = {}

    @property
    def atoms(self) -> list[RuleAtom]:
        """All rules: sizes, policies, capacities."""
        return [*self.sizes, *self.policies, *self.capacities]

    def counted_groups(self, rule: PolicyRule) -> frozenset[str]:
        """Return the groups with new members that a policy rule looks at."""
        if rule not in self._counted:
            counted = groups_counted(rule.policy, rule.group, self.problem)
            self._counted[rule] = counted & self.placed
        return self._counted[rule]

    def helping_groups(self, rule: PolicyRule) -> frozenset[str]:
        """Return the groups with new members without whose sizes a policy rule does not bind."""
        if rule not in self._helping:
            helping = groups_helping(rule.policy, rule.group, self.problem)
            self._helping[rule] = helping & self.placed
        return self._helping[rule]

    def prerequisites(self, rule: PolicyRule) -> RuleAtoms:
        """Return the rules without which a policy rule means something else, and does not bind."""
        if rule not in self._prerequisites:
            # Not all pairs of policies are looked at: few rest on others.
            groups = groups_rested_on(rule.policy, rule.group, self.problem)
            found: set[RuleAtom] = {
                other
                for group in groups
                for other in self._policies_of.get(group, ())
                if rests_on(rule.policy, rule.group, other.policy, group, self.problem)
            }
            if rests_on_capacity(rule.policy):
                found.update(self.capacities)
            self._prerequisites[rule] = frozenset(found)
        return self._prerequisites[rule]

    def atoms_about(self, groups: Collection[str]) -> list[RuleAtom]:
        """Return the rules that bind some groups by themselves.

        These are the groups' sizes, the policies that look at one of them and need the help of no
        other group, and the capacities that they consume.
        """
        part = frozenset(groups)
        sizes = [rule for rule in self.sizes if rule.group in part]
        policies = [
            rule
            for rule in self.policies
            if self.helping_groups(rule) <= part and self.counted_groups(rule) & part
        ]
        needed = set(self._resources(part))
        capacities = [rule for rule in self.capacities if rule.resource in needed]
        return [*sizes, *policies, *capacities]

    def application(
        self,
        atoms: Iterable[RuleAtom],
        problem: Problem | None = None,
        also_placed: frozenset[str] = frozenset(),
    ) -> Application[Any]:
        """Return the application that has some of the rules and no others.

        Parameters
        ----------
        atoms : iterable of RuleAtom
        problem : Problem, optional
            The same groups, with more members; by default the problem of the rules.
        also_placed : frozenset of str, optional
            Groups whose new members stay, though no rule asks for them.
        """
        chosen = set(atoms)
        sized = frozenset(atom.group for atom in chosen if isinstance(atom, SizeRule))
        policies: dict[str, list[Policy]] = {}
        for rule in self.policies:
            if rule in chosen and self._binds(rule, chosen, sized):
                policies.setdefault(rule.group, []).append(rule.policy)
        ignored = {rule.resource for rule in self.capacities if rule not in chosen}
        return build_subproblem(
            problem or self.problem,
            sized | also_placed,
            lambda group: tuple(policies.get(group, ())),
            ignored,
        )

    def _binds(self, rule: PolicyRule, chosen: set[RuleAtom], sized: frozenset[str]) -> bool:
        """Return whether a policy rule means the same where only the chosen rules are left."""
        return self.helping_groups(rule) <= sized and self.prerequisites(rule) <= chosen

    def _resources(self, groups: frozenset[str]) -> Iterable[str]:
        """Return the resource classes that new members of some groups need, without repetition."""
        found: dict[str, None] = {}
        for member in self.problem.new_members:
            if member.group in groups:
                found.update((name, None) for name, _ in member.size)
        return found
