"""Preview of a change: the policies that running members would break, measured before and after."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from time import monotonic

from groupsolver.cluster.scope import compose
from groupsolver.constraints.problem.problem import Problem, RunningMember
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.application import Members
from groupsolver.model.value import Domain
from groupsolver.store.state.project_scope import project_policies
from groupsolver.store.state.snapshot_cache import Snapshot

_MAX_MEMBERS_TRIED = 200  # members left out one by one, to find those that a measure depends on
_TIME_LIMIT = 1.0  # seconds for that, over all policies


@dataclass(frozen=True)
class BrokenPolicy:
    """A hard policy that running members break.

    Attributes
    ----------
    group, kind, sentence : str
    measure : int
        The measure of the violation. A hard policy binds later members only that far.
    members : tuple of str
        The members without which, one by one, the measure would be smaller; all of the group
        where there is no such member.
    """

    group: str
    kind: str
    sentence: str
    measure: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class ImpactPreview:
    """The hard policies whose measure a change would increase.

    Attributes
    ----------
    problem : Problem
        The running members after the change.
    rules : tuple of (Rule, int)
        Each rule, with its measure after the change.
    """

    problem: Problem
    rules: tuple[tuple[Rule, int], ...]

    def __bool__(self) -> bool:
        return bool(self.rules)

    def broken_policies(self) -> Iterator[BrokenPolicy]:
        """Yield the broken policies with the members that break them, in some seconds at most."""
        deadline = monotonic() + _TIME_LIMIT
        for rule, measure in self.rules:
            members = _responsible_members(rule, measure, self.problem, deadline)
            yield BrokenPolicy(rule.group, rule.policy.kind, str(rule), measure, tuple(members))


def preview_impact(before: Snapshot, after: Snapshot, group: str) -> ImpactPreview:
    """Compare what runs with the hard policies on a group's members, before and after a change.

    Only policies of the group's own project are compared. A new policy counts as 0 before the
    change. A policy that was broken already, for example by a change of the fleet, is included only
    where the change makes it worse.

    Parameters
    ----------
    before, after : Snapshot
    group : str
        The id of the group that changes.
    """
    tenant = after.groups[group].tenant_id
    old_problem = _running_problem(before, group, tenant)
    problem = _running_problem(after, group, tenant)
    old_rules = {_rule_key(rule): rule for rule in rules_of(old_problem).all}
    old_view = View(old_problem, {})
    view = View(problem, {})
    all_rules = rules_of(problem).all
    increased: dict[int, int] = {}  # measures, by the position of the rule
    traffic: dict[int, Mapping[Domain, int]] = {}  # of bandwidth rules
    for position, rule in enumerate(all_rules):
        old_rule = old_rules.get(_rule_key(rule))
        old_measure = 0
        if old_rule is not None:
            old_measure = old_rule.policy.violations(old_rule.group, old_view)
        if isinstance(rule.policy, LinkLoad):
            counted_before = _counted_ids(old_rule, old_problem)
            arrivals = _view_of_arrivals(rule, problem, counted_before)
            traffic[position] = rule.policy.grown(rule.group, arrivals)
            measure = rule.policy.violations(rule.group, arrivals)
        else:
            measure = rule.policy.violations(rule.group, view)
        if measure > old_measure:
            increased[position] = measure
    measures = _shared_excess(traffic, problem) | increased
    rules = [(all_rules[position], measures[position]) for position in sorted(measures)]
    return ImpactPreview(problem, tuple(rules))


def _running_problem(now: Snapshot, group: str, tenant: str) -> Problem:
    """Return the problem of what runs: hard policies that concern a group, and no new members."""
    hard_policies = {}
    for key, policies in project_policies(tenant, [group], now).items():
        # Rules of another project bind what it, or a project that joins it, places. They never
        # bind what this project says about its own groups.
        if now.groups[key].tenant_id == tenant:
            hard_policies[key] = [policy for policy in policies if policy.hard]
    app = compose(hard_policies, {group: []}, now, tenant=tenant)
    return Problem(app, now.fleet.index)


def _rule_key(rule: Rule) -> tuple[str, str]:
    """Return what identifies a rule before and after; free keys, such as notes, do not."""
    fields = set(type(rule.policy).model_fields)
    document = rule.policy.model_dump(mode="json", include=fields)
    return rule.group, json.dumps(document, sort_keys=True)


def _shared_excess(traffic: Mapping[int, Mapping[Domain, int]], problem: Problem) -> dict[int, int]:
    """Return the bandwidth rules that together need more than some links have.

    Parameters
    ----------
    traffic : mapping of int to mapping of (str, str) to int
        By rule: the Mbit/s that it adds to the links that leave each domain.
    problem : Problem

    Returns
    -------
    dict of int to int
        By rule: the Mbit/s that are too much, summed over the domains to whose links it adds.
    """
    total: Counter[Domain] = Counter()
    for added in traffic.values():
        total.update(added)
    excess: dict[Domain, int] = {}
    for domain, mbps in total.items():
        free = problem.hosts.free_mbps(*domain)
        if free is not None and mbps > free:
            excess[domain] = mbps - free
    found: dict[int, int] = {}
    for position, added in traffic.items():
        mbps = sum(excess.get(domain, 0) for domain, amount in added.items() if amount)
        if mbps:
            found[position] = mbps
    return found


def _view_of_arrivals(rule: Rule, problem: Problem, counted_before: Container[str]) -> View:
    """Return a view in which members that a rule did not count before are new.

    `bandwidth` measures what new members add to the links: the links' free bandwidth is already
    without the traffic of running ones.
    """
    arrivals = {
        member.id: member
        for member in _counted_members(rule, problem)
        if member.id not in counted_before
    }
    new_members: dict[str, list[Members]] = {}
    for member in arrivals.values():
        members = Members.model_construct(
            resources=member.resources, count=1, id=member.id, flavor=None
        )
        new_members.setdefault(member.group, []).append(members)
    groups = tuple(
        group.model_copy(update={"members": tuple(new_members.get(group.name, ()))})
        for group in problem.app.groups
    )
    existing = tuple(member for member in problem.app.existing if member.id not in arrivals)
    app = problem.app.model_copy(update={"groups": groups, "existing": existing})
    placement = {key: member.host for key, member in arrivals.items()}
    return View(Problem(app, problem.hosts), placement)


def _responsible_members(rule: Rule, measure: int, problem: Problem, deadline: float) -> list[str]:
    """Return the members without which, one by one, a measure is smaller.

    All members of the group where there is none, or where the search would take too long.
    """
    counted = _counted_members(rule, problem)
    # Of members that send to each other, leaving one out changes what the others send.
    if isinstance(rule.policy, LinkLoad):
        return [member.id for member in counted]
    found: list[str] = []
    for member in counted:
        if len(counted) > _MAX_MEMBERS_TRIED or monotonic() > deadline:
            found = []
            break
        if _measure_without(rule, problem, member) < measure:
            found.append(member.id)
    return found or [member.id for member in problem.running(rule.group)]


def _counted_ids(rule: Rule | None, problem: Problem) -> set[str]:
    return set() if rule is None else {member.id for member in _counted_members(rule, problem)}


def _counted_members(rule: Rule, problem: Problem) -> list[RunningMember]:
    """Return the running members that a rule's policy counts."""
    groups = groups_counted(rule.policy, rule.group, problem)
    return [member for member in problem.running_members if member.group in groups]


def _measure_without(rule: Rule, problem: Problem, left_out: RunningMember) -> int:
    """Return a rule's measure over all running members but one."""
    reduced = problem.without_running(left_out)
    return rule.policy.violations(rule.group, View(reduced, {}))
