"""What soft policies and opened hosts cost, and what their cost depends on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import total_ordering
from typing import Any

import numpy as np

from groupsolver.checking.check import Verdict, index_of
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet


@total_ordering
@dataclass(frozen=True, eq=False)
class SoftCost:
    """What soft policies cost, in units of weight, and opened hosts, in points.

    It is compared tier by tier, then in all, then by opened hosts.

    Attributes
    ----------
    tiers : tuple of (int, int)
        Each priority that a policy has, ascending, and what its policies cost together.
    total : int
        What all of them cost, those with a priority too.
    opening : int
        Points for hosts that held nothing before.
    """

    tiers: tuple[tuple[int, int], ...] = ()
    total: int = 0
    opening: int = 0

    @classmethod
    def of(cls, verdict: Verdict) -> SoftCost:
        """Return the cost of a checked placement."""
        total = sum(penalty.cost for penalty in verdict.penalties)
        return cls(verdict.tiers, total, verdict.opening)

    def _rank(self) -> tuple[tuple[tuple[int, int], ...], int, int]:
        # Of the priorities that cost anything, the smallest decides: it is negated, so that
        # the dearer of two costs is the greater one.
        paid = tuple((-priority, cost) for priority, cost in self.tiers if cost)
        return paid, self.total, self.opening

    def __bool__(self) -> bool:
        return self.total > 0 or self.opening > 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftCost) and self._rank() == other._rank()

    def __lt__(self, other: SoftCost) -> bool:
        return self._rank() < other._rank()

    def __hash__(self) -> int:
        return hash(self._rank())


def soft_scope(app: Application[Any], fleet: CompiledFleet) -> object:
    """Return the soft policies of an application, and the running members that they count.

    Two applications with equal scopes are valued alike by their soft policies, as far as members
    decide.
    """
    problem = Problem(app, index_of(fleet))
    rules = rules_of(problem).soft
    counted: set[str] = set()
    for rule in rules:
        counted.update(groups_counted(rule.policy, rule.group, problem))
    members = {
        (member.id, member.group, member.host)
        for member in problem.running_members
        if member.group in counted
    }
    return [(rule.group, rule.policy) for rule in rules], members


def hosts_in_use(app: Application[Any], fleet: CompiledFleet) -> frozenset[str]:
    """Return the hosts that hold something, where opening others has a price; else none.

    A host that others have opened since may be used for nothing.
    """
    if app.host_price is None:
        return frozenset()
    return frozenset(fleet.names[row] for row in np.flatnonzero(fleet.busy).tolist())
