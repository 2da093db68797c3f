"""A problem in which the number of members is open: each policy as far as it is known for any size.

Policies speak of the members that are placed. Those that say the same whatever their number stay.
The others are replaced by what they say at least, or left out. So every placement of some of the
members that keeps the original keeps this problem, and costs no less in the original.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.optional_members import for_any_size
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.application import Group
from groupsolver.solver.optional_members.selections import Bundle, OpenSizes


@dataclass(frozen=True)
class RelaxedProblem:
    """A problem for any number of members.

    Attributes
    ----------
    compiled : CompiledProblem
        With all members, in the member classes of the original.
    changed : tuple of Rule
        The rules of the original that are replaced or left out.
    """

    compiled: CompiledProblem
    changed: tuple[Rule, ...]

    @property
    def exact(self) -> bool:
        """Whether it is the original."""
        return not self.changed


def relax_for_any_size(original: CompiledProblem, bundles: Sequence[Bundle] = ()) -> RelaxedProblem:
    """Return what a problem says for any number of members, and any of its bundles."""
    problem = original.problem
    sizes = OpenSizes(problem, bundles)
    groups = []
    changed: list[Rule] = []
    for group in problem.app.groups:
        kept = []
        for rule in rules_of(problem).of(group.name):
            policy = _relaxed(rule.policy, group, sizes)
            if policy is not rule.policy:
                changed.append(rule)
            if policy is not None:
                kept.append(policy)
        groups.append(group.model_copy(update={"policies": tuple(kept)}))
    if not changed:
        return RelaxedProblem(original, ())
    app = problem.app.model_copy(update={"groups": tuple(groups)})
    compiled = CompiledProblem(Problem(app, problem.hosts), original.fleet)
    return RelaxedProblem(compiled, tuple(changed))


def _relaxed(policy: Policy, group: Group[Policy], sizes: OpenSizes) -> Policy | None:
    """Return what a policy says at least; nothing where it has a priority.

    What tiers cost is no part of the sum that the model minimises.
    """
    if policy.priority is not None:
        return None
    relaxed = for_any_size(policy, group.name, sizes)
    return relaxed if isinstance(relaxed, Policy) else None
