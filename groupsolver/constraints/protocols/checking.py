"""What the checker may ask beyond the measure."""

from __future__ import annotations

from abc import ABC, abstractmethod

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.model.result import Witness


class Forgiving(ABC):
    """A policy that says itself by how much a placement breaks it beyond what already runs."""

    @abstractmethod
    def broken(self, group: str, view: View, before: View) -> int:
        """Return by how much it is broken; `before` has the running members alone."""


class Witnessed(ABC):
    """A policy that is shown to hold by further placements."""

    @abstractmethod
    def witness(self, group: str, view: View) -> Witness:
        """Return the placements that show that it holds, by what each is for."""


def broken_by(policy: Policy, group: str, view: View, before: View) -> int:
    """Return by how much a placement breaks a policy, taken as hard, beyond what already runs.

    Default: by how much the measure is above that of the running members alone. Where none of the
    members that it looks at runs, nothing is forgiven: a measure that is not 0 of nobody is a fault
    of the policy, and must not hide what it forbids.
    """
    if isinstance(policy, Forgiving):
        return policy.broken(group, view, before)
    measure = policy.violations(group, view)
    if not measure:
        return 0
    counted = groups_counted(policy, group, before.problem)
    if not any(member.group in counted for member in before.everyone):
        return measure
    return max(0, measure - policy.violations(group, before))


def witness_of(policy: Policy, group: str, view: View) -> Witness | None:
    """Return the placements that show that a policy holds. Default: None, it needs none."""
    return policy.witness(group, view) if isinstance(policy, Witnessed) else None
