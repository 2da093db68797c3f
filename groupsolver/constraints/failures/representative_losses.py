"""Losses that speak for every other one.

Domains with members of the group are lost in every way. Which domains without members must be lost
beside them? Suppose that a placement serves a loss. It serves that loss with a further domain as
well, if no member of the group stands there, none goes there, and no hard policy is sensitive to
it: so that domain need not be tried. What is left to try are the domains that it goes to, and
those that some policy is sensitive to; each gives another placement, and so on, until so many
domains are lost as fail together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, islice
from typing import NamedTuple

from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.failures.recovery import Recovery
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.protocols.survivability import sensitive_domains
from groupsolver.constraints.rules import rules_of

Find = Callable[[Loss], tuple[Problem, Recovery]]


class Tried(NamedTuple):
    """A loss with its recovery.

    The recovery serves every loss that has further domains, if these play no part.

    Attributes
    ----------
    loss : Loss
        Without the domains that play no part.
    whole : Loss
        One with as many as fail together.
    found : Recovery
    """

    loss: Loss
    whole: Loss
    found: Recovery


def representative_losses(
    group: str, level: str, failures: int, view: View, find: Find
) -> Iterator[Tried]:
    """Yield losses such that no other one leaves more members of a group without a place.

    Parameters
    ----------
    find : callable
        Returns the question that a loss leaves, with its recovery.
    """
    hosts = view.problem.hosts
    names = hosts.domains(level)
    used = sorted(view.counts(group, level))
    number = min(failures, len(names))
    empty = sorted(set(names).difference(used)) if number > 1 else []
    for size in range(min(number, len(used)), max(0, number - len(empty) - 1), -1):
        for domains in combinations(used, size):
            yield from _Beside(group, number, empty, find).of(Loss(level, domains))


class _Beside:
    """One set of domains with members, and what must be tried beside it."""

    def __init__(self, group: str, number: int, empty: list[str], find: Find) -> None:
        self.group, self.number, self.empty, self.find = group, number, empty, find
        self._seen: set[Loss] = set()

    def of(self, loss: Loss) -> Iterator[Tried]:
        if loss in self._seen:
            return
        self._seen.add(loss)
        problem, found = self.find(loss)
        more = self.number - len(loss.domains)
        if not more:
            yield Tried(loss, loss, found)
            return
        after = View(problem, {})
        # Where lost members go, and what some policy is sensitive to, may make a difference if
        # lost too.
        tried = {problem.hosts.domain(host, loss.level) for host in found.placement.values()}
        tried |= self._sensitive(loss, after, more, worse=True)
        idle = self._idle(loss, tried)
        if found.most and len(idle) >= more:
            # What only makes it easier cannot be worse than a loss without; but one without must
            # be there.
            easier = self._sensitive(loss, after, more, worse=False)
            idle = self._idle(loss, tried | easier)
            tried |= easier if len(idle) < more else set()
        if len(idle) >= more:
            domains = sorted((*loss.domains, *islice(idle, more)))
            yield Tried(loss, Loss(loss.level, tuple(domains)), found)
        for name in self.empty:
            if name in tried and name not in loss.domains:
                yield from self.of(Loss(loss.level, tuple(sorted((*loss.domains, name)))))

    def _sensitive(self, loss: Loss, after: View, more: int, *, worse: bool) -> set[str | None]:
        own = after.problem.below[self.group]
        found: set[str | None] = set()
        for rule in rules_of(after.problem).hard:
            if groups_counted(rule.policy, rule.group, after.problem) & own:
                found |= sensitive_domains(
                    rule.policy, rule.group, after, loss.level, more, worse=worse
                )
        return found

    def _idle(self, loss: Loss, tried: set[str | None]) -> list[str]:
        return [name for name in self.empty if name not in tried and name not in loss.domains]
