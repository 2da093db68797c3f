"""A conflict in words and numbers, for readers who do not know the solver."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import evidence_of
from groupsolver.constraints.protocols.relaxation import keeps_together
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Conflict, ConflictingPolicy, Shortage
from groupsolver.model.units import amount_text, joined
from groupsolver.model.value import HOST
from groupsolver.solver.explain.quickxplain import MinimalConflict
from groupsolver.solver.explain.rules import ApplicationRules, PolicyRule, SizeRule
from groupsolver.solver.infeasible import describe_new_members

MAX_NEAREST = 3  # hosts or domains that are named as the nearest


def describe_conflict(
    rules: ApplicationRules, conflict: MinimalConflict, fleet: CompiledFleet, reveal: bool
) -> Conflict:
    """Return a conflict as it is answered, without fixes.

    Parameters
    ----------
    rules : ApplicationRules
    conflict : MinimalConflict
    fleet : CompiledFleet
    reveal : bool
        Whether hosts and domains are named.
    """
    # What a rule comes to is counted over the rules of the conflict alone.
    app = rules.application(conflict.atoms)
    facts = Facts(CompiledProblem(Problem(app, fleet.index), fleet), reveal)
    policies = []
    capacity = []
    for atom in conflict.atoms:
        if isinstance(atom, PolicyRule):
            policies.append(_describe_policy(atom, facts))
        elif isinstance(atom, SizeRule):
            policies.append(_describe_size(atom, facts))
        else:
            capacity.append(_describe_shortage(atom.resource, facts))
    return Conflict(policies=tuple(policies), capacity=tuple(capacity), minimal=conflict.minimal)


def _describe_policy(rule: PolicyRule, facts: Facts) -> ConflictingPolicy:
    sentence = str(Rule(rule.group, rule.policy))
    evidence = evidence_of(rule.policy, rule.group, facts)
    if evidence:
        sentence += f"; {evidence}"
    return ConflictingPolicy(group=rule.group, policy=rule.policy.kind, sentence=sentence)


def _describe_size(rule: SizeRule, facts: Facts) -> ConflictingPolicy:
    compiled = facts.compiled
    new = sum(
        member_class.number
        for member_class in compiled.member_classes
        if member_class.group == rule.group
    )
    running = sum(member.group == rule.group for member in compiled.problem.running_members)
    sentence = describe_new_members(rule.group, new)
    if running:
        sentence += f", beside {running} running"
    return ConflictingPolicy(group=rule.group, policy="members", sentence=sentence)


def _describe_shortage(resource: str, facts: Facts) -> Shortage:
    """Return by how much a resource class is short.

    The first that is true is told: for a single member, for members that must share one domain, or
    for all members together. The narrower a shortage, the better a reader can see it.
    """
    for class_index in range(len(facts.compiled.member_classes)):
        shortage = _member_shortage(resource, class_index, facts)
        if shortage:
            return shortage
    for group, level in _groups_in_one_domain(facts):
        shortage = _domain_shortage(resource, group, level, facts)
        if shortage:
            return shortage
    return _total_shortage(resource, facts)


def _need(resource: str, class_index: int, facts: Facts) -> int:
    """Return how much of a resource class one member of a class needs."""
    return dict(facts.compiled.member_classes[class_index].size).get(resource, 0)


def _free(resource: str, class_index: int, facts: Facts) -> Ints:
    """Return what is free of a resource class where members of a class could be, (H,) int64.

    It is 0 on hosts that do not suit them, or lack other resource classes that they need.
    """
    fleet = facts.compiled.fleet
    size = dict(facts.compiled.member_classes[class_index].size)
    size.pop(resource, None)
    fits = facts.suited(class_index) & (fleet.slots(size, 1) > 0)
    return np.where(fits, fleet.free(resource), 0)


def _member_shortage(resource: str, class_index: int, facts: Facts) -> Shortage | None:
    """Return the shortage if no host has enough for a member of a class."""
    need = _need(resource, class_index, facts)
    free = _free(resource, class_index, facts)
    largest = int(free.max(initial=0))
    if not need or largest >= need:
        return None
    group = facts.compiled.member_classes[class_index].group
    sentence = f"a member of {group} takes {amount_text(resource, need)}; "
    sentence += f"no host that it may use has more than {amount_text(resource, largest)} free"
    if largest and facts.reveal:
        roomiest = np.argsort(-free, kind="stable")[:MAX_NEAREST].tolist()
        names = [facts.compiled.fleet.names[row] for row in roomiest if free[row]]
        sentence += f"; nearest: {joined(names, MAX_NEAREST)}"
    return Shortage(resource=resource, needed=need, available=largest, sentence=sentence)


def _groups_in_one_domain(facts: Facts) -> Iterator[tuple[str, str]]:
    """Yield groups that must share one domain, with the level of it."""
    fleet = facts.compiled.fleet
    for rule in rules_of(facts.compiled.problem).hard:
        if keeps_together(rule.policy, fleet) and rule.policy.at in (HOST, *fleet.levels):
            yield rule.group, str(rule.policy.at)


def _domain_shortage(resource: str, group: str, level: str, facts: Facts) -> Shortage | None:
    """Return the shortage if no domain of a level has enough for all members of a group."""
    compiled = facts.compiled
    fleet = compiled.fleet
    classes = compiled.member_classes_below(group)
    needs = {class_index: _need(resource, class_index, facts) for class_index in classes}
    needed = sum(
        compiled.member_classes[class_index].number * need for class_index, need in needs.items()
    )
    if not needed:
        return None
    usable = np.zeros(len(fleet), dtype=np.int64)
    for class_index, need in needs.items():
        if need:
            free = _free(resource, class_index, facts)
            if len(classes) == 1:
                free = free // need * need  # members of one size use whole multiples of it
            usable = np.maximum(usable, free)
    by_domain = _sum_by_domain(usable, level, fleet)
    most = int(by_domain.max(initial=0))
    if most >= needed:
        return None
    sentence = f"members of {group} take {amount_text(resource, needed)} together; "
    sentence += f"the {level} with most room for them has {amount_text(resource, most)}"
    if most and facts.reveal:
        names = sorted(
            fleet.index.domains(level), key=lambda name: -int(by_domain[fleet.code(level, name)])
        )
        sentence += f"; nearest: {joined(names[:MAX_NEAREST], MAX_NEAREST)}"
    return Shortage(resource=resource, needed=needed, available=most, sentence=sentence)


def _sum_by_domain(amounts: Ints, level: str, fleet: CompiledFleet) -> Ints:
    """Return the sum of amounts, (H,) int64, over the hosts of each domain of a level."""
    codes = fleet.codes(level)
    inside = codes >= 0
    sums = np.bincount(codes[inside], amounts[inside], minlength=fleet.domains(level))
    return sums.astype(np.int64)


def _total_shortage(resource: str, facts: Facts) -> Shortage:
    """Return what all members need, and what all hosts that they may use have."""
    compiled = facts.compiled
    needs = {
        class_index: need
        for class_index in range(len(compiled.member_classes))
        if (need := _need(resource, class_index, facts))
    }
    needed = sum(
        compiled.member_classes[class_index].number * need for class_index, need in needs.items()
    )
    one_size = len(set(needs.values())) == 1
    max_members = facts.per_host(list(needs))
    usable = np.zeros(len(compiled.fleet), dtype=np.int64)
    for class_index, need in needs.items():
        free = _free(resource, class_index, facts)
        if one_size:  # members of one size use whole multiples of it
            free = np.minimum(free // need, max_members) * need
        usable = np.maximum(usable, free)
    available = int(usable.sum())
    groups = [compiled.member_classes[class_index].group for class_index in needs]
    names = joined(list(dict.fromkeys(groups)), MAX_NEAREST)
    sentence = f"members of {names} take {amount_text(resource, needed)} in all; "
    sentence += f"the hosts that they may use have {amount_text(resource, available)} for them"
    if available >= needed:
        sentence += ", but not where the other rules need it"
    return Shortage(resource=resource, needed=needed, available=available, sentence=sentence)
