"""An application with the new members of some of its groups alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from groupsolver.constraints.eligibility import with_traits_required
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import Application, Members


def build_subproblem(
    problem: Problem,
    groups: frozenset[str],
    policies_of: Callable[[str], tuple[Policy, ...]],
    ignored: Collection[str] = (),
) -> Application[Any]:
    """Return the application with the new members of some groups alone.

    Parameters
    ----------
    problem : Problem
    groups : frozenset of str
        The groups that keep their new members. All groups and all running members stay.
    policies_of : callable
        The policies that a group keeps.
    ignored : collection of str, optional
        Resource classes of which the new members take nothing.
    """
    app = problem.app
    kept_groups = []
    changed: dict[str, Any]
    for group in app.groups:
        members = group.members if group.name in groups else ()
        if ignored:
            members = tuple(_without_resources(app, one, ignored) for one in members)
        changed = {"policies": policies_of(group.name), "members": members}
        if group.name not in groups:
            changed["at_least"] = None
        kept_groups.append(group.model_copy(update=changed))
    # A running member may take its size from new members that are left out: write it down.
    existing = tuple(
        declared.model_copy(update={"flavor": None, "resources": running.resources})
        for declared, running in zip(app.existing, problem.running_members, strict=True)
    )
    part = app.model_copy(update={"groups": tuple(kept_groups), "existing": existing})
    return with_traits_required(problem, part)


def policies_where(
    problem: Problem, keeps: Callable[[str, Policy], bool]
) -> Callable[[str], tuple[Policy, ...]]:
    """Return a function from a group to those of its policies for which `keeps` is true."""
    declared = {group.name: group.policies for group in problem.app.groups}
    return lambda group: tuple(policy for policy in declared[group] if keeps(group, policy))


def _without_resources(
    app: Application[Any], members: Members, ignored: Collection[str]
) -> Members:
    kept = {name: amount for name, amount in app.resources(members).items() if name not in ignored}
    return members.model_copy(update={"flavor": None, "resources": kept})
