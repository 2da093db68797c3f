"""What the explanation of a conflict asks: evidence, parts, weaker versions, other rules.

`HelpedBy` and `RestsOn` keep conflicts true; the others make them plainer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.conflict_facts import Facts, Findings
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted


class Evidence(ABC):
    """A policy with something to say about the fleet where it takes part in a conflict."""

    @abstractmethod
    def evidence(self, group: str, facts: Facts) -> Findings:
        """Return what it comes to on the fleet, as typed values that make a sentence; or none."""


class Divisible(ABC):
    """A policy that may say several things, each of which may contradict others by itself."""

    @abstractmethod
    def pieces(self, group: str, problem: Problem) -> tuple[Policy, ...]:
        """Return policies of which it is the conjunction."""


class Relaxable(ABC):
    """A policy with a number that can be changed step by step."""

    @abstractmethod
    def weaker_versions(self, group: str, problem: Problem) -> Iterator[Policy]:
        """Yield weaker versions of it, each of which allows all that the ones before it do."""


class HelpedBy(ABC):
    """A policy that knows which members can lower its measure."""

    @abstractmethod
    def helped_by(self, group: str, problem: Problem) -> frozenset[str]:
        """Return the groups whose new members may lower the measure.

        Left out, they could make a rule forbid more.
        """


class RestsOn(ABC):
    """A policy whose meaning depends on other rules."""

    @abstractmethod
    def rests_on(self, group: str, other: Policy, other_group: str, problem: Problem) -> bool:
        """Return whether it could forbid more where another hard policy is left out.

        The other policy belongs to `other_group`.
        """

    def groups_rested_on(self, group: str, problem: Problem) -> Collection[str]:
        """Return the groups of which some policy may be such another. Default: all."""
        return problem.groups

    @property
    def rests_on_capacity(self) -> bool:
        """Whether it could forbid more where members take less of hosts. Default: no."""
        return False


class DependsOnUsage:
    """A policy that may depend on what runs on the fleet beyond the members that it counts."""

    @property
    def depends_on_usage(self) -> bool:
        """Whether it does. Default: yes."""
        return True


def evidence_of(policy: Policy, group: str, facts: Facts) -> Findings:
    """Return what a policy comes to on the fleet, as typed values. Default: none."""
    return policy.evidence(group, facts) if isinstance(policy, Evidence) else ()


def pieces_of(policy: Policy, group: str, problem: Problem) -> tuple[Policy, ...]:
    """Return policies of which a policy is the conjunction. Default: the policy alone."""
    return policy.pieces(group, problem) if isinstance(policy, Divisible) else (policy,)


def weaker_versions(policy: Policy, group: str, problem: Problem) -> Iterator[Policy]:
    """Yield weaker versions of a policy, step by step. Default: none."""
    if isinstance(policy, Relaxable):
        yield from policy.weaker_versions(group, problem)


def groups_helping(policy: Policy, group: str, problem: Problem) -> frozenset[str]:
    """Return the groups whose new members may lower a policy's measure.

    Default: none for a monotone policy; else all that it counts.
    """
    if isinstance(policy, HelpedBy):
        return policy.helped_by(group, problem)
    return frozenset() if policy.monotone else groups_counted(policy, group, problem)


def rests_on(policy: Policy, group: str, other: Policy, other_group: str, problem: Problem) -> bool:
    """Return whether a policy could forbid more where another hard one is left out. Default: no."""
    return isinstance(policy, RestsOn) and policy.rests_on(group, other, other_group, problem)


def groups_rested_on(policy: Policy, group: str, problem: Problem) -> Collection[str]:
    """Return the groups of which some policy may be one that a policy rests on. Default: none."""
    return policy.groups_rested_on(group, problem) if isinstance(policy, RestsOn) else ()


def rests_on_capacity(policy: Policy) -> bool:
    """Return whether a policy could forbid more where members take less of hosts. Default: no."""
    return isinstance(policy, RestsOn) and policy.rests_on_capacity


def depends_on_usage(policy: Policy) -> bool:
    """Return whether a policy may hold or not by what else runs on the fleet. Default: no."""
    return isinstance(policy, DependsOnUsage) and policy.depends_on_usage
