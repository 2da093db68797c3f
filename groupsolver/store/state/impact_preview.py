"""What running members would break: policies measured over what runs, before and after a change."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic

from groupsolver.constraints.problem.problem import Problem, RunningMember
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.application import Members
from groupsolver.model.value import Domain
from groupsolver.store.state.problem_scope import below_in, composed, rules_over
from groupsolver.store.state.snapshot_cache import Snapshot

_TRIED = 200  # members left out one by one, to see which of them a measure rests on
_SECONDS = 1.0  # for that, over all policies


@dataclass(frozen=True)
class Broken:
    """A hard policy that running members break.

    Attributes
    ----------
    group, kind, sentence : str
    measure : int
        By how much, all told: a policy that is asked for as hard binds what comes later only so far.
    members : tuple of str
        Those without any one of which the measure were smaller; all of the group where no single one makes it so.
    """

    group: str
    kind: str
    sentence: str
    measure: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Grown:
    """The hard policies whose measure a change would make larger, each with its measure then."""

    problem: Problem
    rules: tuple[tuple[Rule, int], ...]

    def __bool__(self) -> bool:
        return bool(self.rules)

    def told(self) -> Iterable[Broken]:
        """Say who breaks what. Takes longer than to find out whether anything is broken; about a second at most."""
        until = monotonic() + _SECONDS
        for rule, measure in self.rules:
            members = tuple(_behind(rule, measure, self.problem, until))
            yield Broken(rule.group, rule.policy.kind, str(rule), measure, members)


def grown(before: Snapshot, after: Snapshot, group: str) -> Grown:
    """Hold what runs against the hard policies of a group's project that look at the group's members.

    A policy that is new counts as 0 before: what stands below it is new to it. One that was broken
    already, as by a change of the fleet, is told only where the change makes it worse.
    """
    tenant = after.groups[group].tenant_id
    old, problem = _scene(before, group, tenant), _scene(after, group, tenant)
    view, then = View(old, {}), View(problem, {})
    was = {
        _key(rule): (rule, rule.policy.violations(rule.group, view)) for rule in rules_of(old).all
    }
    found: dict[int, int] = {}
    added: dict[int, Mapping[Domain, int]] = {}
    for number, rule in enumerate(rules_of(problem).all):
        before_, least = was.get(_key(rule), (None, 0))
        if isinstance(rule.policy, LinkLoad):
            running = {there.id for there in _standing(before_, old)} if before_ else set()
            come = _coming(rule, problem, running)
            added[number] = rule.policy.grown(rule.group, come)
            measure = rule.policy.violations(rule.group, come)
        else:
            measure = rule.policy.violations(rule.group, then)
        if measure > least:
            found[number] = measure
    found = _together(added, problem) | found
    return Grown(
        problem, tuple((rules_of(problem).all[number], found[number]) for number in sorted(found))
    )


def _together(added: Mapping[int, Mapping[Domain, int]], problem: Problem) -> dict[int, int]:
    """Give the rules that ask together for more than some links have, each with what is too much."""
    total: Counter[Domain] = Counter()
    for asked in added.values():
        total.update(asked)
    over = {
        at: total[at] - free for at in total if (free := problem.hosts.free_mbps(*at)) is not None
    }
    found = {
        number: sum(over[at] for at in asked if asked[at] and over.get(at, 0) > 0)
        for number, asked in added.items()
    }
    return {number: mbps for number, mbps in found.items() if mbps}


def _coming(rule: Rule, problem: Problem, running: Container[str]) -> View:
    """Give a view in which members that a rule did not count before come now, so that they add to the links.

    Bandwidth is all about what comes: what runs has its share, which the links' free bandwidth is without.
    """
    fresh = {there.id: there for there in _standing(rule, problem) if there.id not in running}
    come: dict[str, list[Members]] = {}
    for one in fresh.values():
        members = Members.model_construct(resources=one.resources, count=1, id=one.id, flavor=None)
        come.setdefault(one.group, []).append(members)
    groups = tuple(
        group.model_copy(update={"members": tuple(come.get(group.name, ()))})
        for group in problem.app.groups
    )
    existing = tuple(there for there in problem.app.existing if there.id not in fresh)
    asked = Problem(
        problem.app.model_copy(update={"groups": groups, "existing": existing}), problem.hosts
    )
    return View(asked, {key: there.host for key, there in fresh.items()})


def _scene(now: Snapshot, group: str, tenant: str) -> Problem:
    below = below_in(now)
    # Another project's rules bind what it, or whoever joins it, places: never what this one says of its own.
    rules = {
        key: [policy for policy in policies if policy.hard]
        for key, policies in rules_over(tenant, [group], below, now).items()
        if now.groups[key].tenant_id == tenant
    }
    return Problem(composed(rules, below, now, {group: []}, tenant), now.fleet.index)


def _key(rule: Rule) -> tuple[str, str]:
    # Without free keys: a note changes nothing.
    told = rule.policy.model_dump(mode="json", include=set(type(rule.policy).model_fields))
    return rule.group, json.dumps(told, sort_keys=True)


def _behind(rule: Rule, measure: int, problem: Problem, until: float) -> Iterable[str]:
    """Give the members without any one of which a measure is smaller; all of the group where that takes too long."""
    standing = _standing(rule, problem)
    if isinstance(rule.policy, LinkLoad):  # leaving one out moves what the others send
        return [there.id for there in standing]
    found: list[str] = []
    for there in standing:
        if len(standing) > _TRIED or monotonic() > until:
            found = []
            break
        if _without(rule, problem, there) < measure:
            found.append(there.id)
    return found or [there.id for there in problem.running(rule.group)]


def _standing(rule: Rule, problem: Problem) -> list[RunningMember]:
    counted = groups_counted(rule.policy, rule.group, problem)
    return [there for there in problem.running_members if there.group in counted]


def _without(rule: Rule, problem: Problem, gone: RunningMember) -> int:
    return rule.policy.violations(rule.group, View(problem.without_running(gone), {}))
