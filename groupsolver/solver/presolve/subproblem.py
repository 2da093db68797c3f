"""Some groups' new members as a batch of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.application import Application, Members


def subset(
    problem: Problem,
    part: frozenset[str],
    rules: Callable[[str], tuple[Policy, ...]],
    ignored: Collection[str] = (),
) -> Application[Any]:
    """Give the application with the new members of some groups alone.

    Parameters
    ----------
    part : frozenset of str
        These groups.
    rules : callable
        The policies that a group keeps.
    ignored : collection of str, optional
        Resource classes of which these members take nothing.
    """
    groups = []
    for group in problem.app.groups:
        members = group.members if group.name in part else ()
        if ignored:
            members = tuple(_without(problem.app, one, ignored) for one in members)
        groups.append(group.model_copy(update={"policies": rules(group.name), "members": members}))
    # Running members say their own size: the member whose it was may be left out.
    existing = tuple(
        there.model_copy(update={"flavor": None, "resources": standing.resources})
        for there, standing in zip(problem.app.existing, problem.running_members, strict=True)
    )
    return problem.app.model_copy(update={"groups": tuple(groups), "existing": existing})


def kept(
    problem: Problem, stays: Callable[[str, Policy], bool]
) -> Callable[[str], tuple[Policy, ...]]:
    """Give, for `subset`, the policies of a group for which `stays` says yes."""
    policies = {group.name: group.policies for group in problem.app.groups}
    return lambda group: tuple(policy for policy in policies[group] if stays(group, policy))


def _without(app: Application[Any], members: Members, ignored: Collection[str]) -> Members:
    left = {name: amount for name, amount in app.resources(members).items() if name not in ignored}
    return members.model_copy(update={"flavor": None, "resources": left})
