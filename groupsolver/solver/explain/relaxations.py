"""Relaxations: how each policy and each size can be weakened, step by step.

A relaxation is an ordered list of *positions*. Position 0 changes nothing. A later position never
forbids what an earlier one allowed, with one exception: where policies of other groups count on the
members of a group (``near``, ``spread``), fewer members may be worse. A conflict then says
something about the position itself only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from groupsolver.changes.application import FewerMembers, PolicyReplaced
from groupsolver.changes.change import Change, Kind
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import weaker_versions
from groupsolver.model.application import member_ids
from groupsolver.model.change_costs import Costs
from groupsolver.solver.explain.rules import ApplicationRules, PolicyRule

MAX_STEPS = 1000  # of one number


@dataclass(frozen=True)
class Position:
    """One way to weaken a policy or a size.

    Attributes
    ----------
    kind : str
    cost : int
    policy : Policy or None
        For a policy's relaxation: the policy instead; None if it is dropped.
    left_out : tuple of str
        For a size's relaxation: ids of the members that are not requested.
    """

    kind: Kind
    cost: int
    policy: Policy | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The positions of one policy, or of the new members of one size in a group.

    Attributes
    ----------
    group : str
    rule : PolicyRule or None
        The policy; None for a size.
    positions : tuple of Position
        Positions 1, 2, ...
    """

    group: str
    rule: PolicyRule | None
    positions: tuple[Position, ...]

    @property
    def last(self) -> int:
        """The last position."""
        return len(self.positions)

    def at(self, position: int) -> Position:
        """Return what a position above 0 changes."""
        return self.positions[position - 1]

    def cost(self, position: int) -> int:
        """Return what a position costs; 0 for position 0."""
        return self.at(position).cost if position else 0


State = Mapping[Relaxation, int]  # a position for each relaxation; 0 where one is missing


def relaxations_of(
    rules: ApplicationRules, costs: Costs, own: Collection[str] | None = None
) -> list[Relaxation]:
    """Return the relaxations of an application.

    Parameters
    ----------
    rules : ApplicationRules
    costs : Costs
        Kinds of change without a price are left out.
    own : collection of str, optional
        Groups whose policies may be changed; by default all. Every size may be changed.
    """
    found = [
        Relaxation(rule.group, rule, tuple(_policy_positions(rule, rules.problem, costs)))
        for rule in rules.policies
        if own is None or rule.group in own
    ]
    if costs.fewer is not None:
        found += _size_relaxations(rules.problem, costs.fewer)
    return [relaxation for relaxation in found if relaxation.positions]


def _policy_positions(rule: PolicyRule, problem: Problem, costs: Costs) -> Iterator[Position]:
    """Yield a policy's positions: weaker numbers, step by step; at last a soft policy, or none."""
    if costs.relax is not None:
        weaker = weaker_versions(rule.policy, rule.group, problem)
        for step, policy in enumerate(islice(weaker, MAX_STEPS), 1):
            yield Position("relax", step * costs.relax, policy)
    # To drop a policy helps no more than to soften it: one of the two is enough, the cheaper.
    if costs.soften is not None and (costs.drop is None or costs.soften <= costs.drop):
        yield Position("soften", costs.soften, rule.policy.model_copy(update={"weight": 1}))
    elif costs.drop is not None:
        yield Position("drop", costs.drop)


def _size_relaxations(problem: Problem, cost_per_member: int) -> Iterator[Relaxation]:
    """Yield a relaxation for the members of each size in each group."""
    ids_by_size: dict[tuple[str, object], list[str]] = {}
    for member in problem.new_members:
        ids_by_size.setdefault((member.group, member.size), []).append(member.id)
    for (group, _), ids in ids_by_size.items():
        # The last members go first, so that those that stay keep their names.
        positions = [
            Position("fewer", fewer * cost_per_member, left_out=tuple(ids[len(ids) - fewer :]))
            for fewer in range(1, min(len(ids), MAX_STEPS) + 1)
        ]
        yield Relaxation(group, None, tuple(positions))


def changes_of(rules: ApplicationRules, state: State) -> list[Change]:
    """Return the changes that lead to a state."""
    replaced: list[PolicyReplaced] = []
    left_out: dict[str, list[str]] = {}
    for relaxation, position in state.items():
        if not position:
            continue
        target = relaxation.at(position)
        rule = relaxation.rule
        if rule is None:
            left_out.setdefault(relaxation.group, []).extend(target.left_out)
        else:
            replaced.append(PolicyReplaced(rule.group, rule.index, rule.policy, target.policy))
    # A dropped policy moves those behind it one place up: the last policy is changed first.
    replaced.sort(key=lambda change: -change.index)
    sizes = {group.name: sum(1 for _ in member_ids(group)) for group in rules.app.groups}
    fewer = [FewerMembers(group, sizes[group], tuple(ids)) for group, ids in left_out.items()]
    return [*replaced, *fewer]
