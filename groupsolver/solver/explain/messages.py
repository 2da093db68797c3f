"""A conflict in words and numbers, for people who know no solver."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem, MemberClass
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import evidence_of
from groupsolver.constraints.protocols.relaxation import keeps_together
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints
from groupsolver.model.result import Conflict, ConflictingPolicy, Shortage
from groupsolver.model.units import amount_told, joined
from groupsolver.model.value import HOST
from groupsolver.solver.explain.quickxplain import MinimalConflict
from groupsolver.solver.explain.rules import Atomized, CapacityRule, PolicyRule, SizeRule
from groupsolver.solver.infeasible import describe_new_members

NEAREST = 3  # hosts or domains that are named as the nearest


def told(
    atomized: Atomized, found: MinimalConflict, fleet: CompiledFleet, reveal: bool
) -> Conflict:
    """Give a conflict as it is answered, without fixes."""
    facts = Facts(
        CompiledProblem(Problem(atomized.application(found.atoms), fleet.index), fleet), reveal
    )
    policies, capacity = [], []
    for atom in found.atoms:
        if isinstance(atom, PolicyRule):
            sentence = str(Rule(atom.group, atom.policy))
            evidence = evidence_of(atom.policy, atom.group, facts)
            sentence += f"; {evidence}" if evidence else ""
            policies.append(
                ConflictingPolicy(group=atom.group, policy=atom.policy.kind, sentence=sentence)
            )
        elif isinstance(atom, SizeRule):
            policies.append(
                ConflictingPolicy(
                    group=atom.group, policy="members", sentence=_size(atom.group, facts)
                )
            )
        else:
            capacity.append(_short(atom, facts))
    return Conflict(policies=tuple(policies), capacity=tuple(capacity), minimal=found.minimal)


def _size(group: str, facts: Facts) -> str:
    own = sum(
        member_class.number
        for member_class in facts.compiled.member_classes
        if member_class.group == group
    )
    running = sum(1 for there in facts.compiled.problem.running_members if there.group == group)
    return describe_new_members(group, own) + (f", beside {running} running" if running else "")


def _short(room: CapacityRule, facts: Facts) -> Shortage:
    """Say by how much a resource class is short: for a member, for what must share a domain, or in all."""
    name = room.resource
    for member_class, what in enumerate(facts.compiled.member_classes):
        if (need := dict(what.size).get(name, 0)) and (
            short := _of_a_member(name, need, member_class, what, facts)
        ):
            return short
    for group, level in _bound(facts):
        if short := _in_one_domain(name, group, level, facts):
            return short
    return _in_all(name, facts)


def _free(name: str, member_class: int, facts: Facts) -> Ints:
    """(H,) int64: what is free of a class where members of a member class could stand, had they no need of it."""
    what = facts.compiled.member_classes[member_class]
    size = {other: amount for other, amount in what.size if other != name}
    fits = facts.suited(member_class) & (facts.compiled.fleet.slots(size, 1) > 0)
    return np.where(fits, facts.compiled.fleet.free(name), 0)


def _of_a_member(
    name: str, need: int, member_class: int, what: MemberClass, facts: Facts
) -> Shortage | None:
    fleet, free = facts.compiled.fleet, _free(name, member_class, facts)
    largest = int(free.max(initial=0))
    if largest >= need:
        return None
    sentence = f"a member of {what.group} takes {amount_told(name, need)}; "
    sentence += f"no host that it may use has more than {amount_told(name, largest)} free"
    if largest and facts.reveal:
        best = [
            fleet.names[row]
            for row in np.argsort(-free, kind="stable")[:NEAREST].tolist()
            if free[row]
        ]
        sentence += f"; nearest: {joined(best, NEAREST)}"
    return Shortage(resource=name, needed=need, available=largest, sentence=sentence)


def _bound(facts: Facts) -> Iterator[tuple[str, str]]:
    """Give groups that must share one domain of a level."""
    compiled = facts.compiled
    for rule in rules_of(compiled.problem).hard:
        if keeps_together(rule.policy, compiled.fleet) and rule.policy.at in (
            HOST,
            *compiled.fleet.levels,
        ):
            yield rule.group, str(rule.policy.at)


def _in_one_domain(name: str, group: str, level: str, facts: Facts) -> Shortage | None:
    fleet, member_classes = facts.compiled.fleet, facts.compiled.member_classes_below(group)
    sizes = {
        member_class: dict(facts.compiled.member_classes[member_class].size).get(name, 0)
        for member_class in member_classes
    }
    needed = sum(
        facts.compiled.member_classes[member_class].number * size
        for member_class, size in sizes.items()
    )
    if not needed:
        return None
    usable = np.zeros(len(fleet), dtype=np.int64)
    for member_class, size in sizes.items():
        if size:  # whole members alone are of use, where all are of one size
            free = _free(name, member_class, facts)
            usable = np.maximum(usable, free // size * size if len(member_classes) == 1 else free)
    codes = fleet.codes(level)
    sums = np.bincount(
        codes[codes >= 0], usable[codes >= 0], minlength=fleet.domains(level)
    ).astype(np.int64)
    most = int(sums.max(initial=0))
    if most >= needed:
        return None
    sentence = f"members of {group} take {amount_told(name, needed)} together; "
    sentence += f"the {level} with most room for them has {amount_told(name, most)}"
    if most and facts.reveal:
        best = sorted(
            fleet.index.domains(level), key=lambda one: -int(sums[fleet.code(level, one)])
        )[:NEAREST]
        sentence += f"; nearest: {joined(best, NEAREST)}"
    return Shortage(resource=name, needed=needed, available=most, sentence=sentence)


def _in_all(name: str, facts: Facts) -> Shortage:
    compiled = facts.compiled
    sizes = [dict(member_class.size).get(name, 0) for member_class in compiled.member_classes]
    needed = sum(
        member_class.number * size
        for member_class, size in zip(compiled.member_classes, sizes, strict=True)
    )
    usable = np.zeros(len(compiled.fleet), dtype=np.int64)
    alike = len({size for size in sizes if size}) == 1
    ceiling = facts.per_host([member_class for member_class, size in enumerate(sizes) if size])
    for member_class, size in enumerate(sizes):
        if size:  # whole members alone are of use, where all are of one size
            free = _free(name, member_class, facts)
            usable = np.maximum(usable, np.minimum(free // size, ceiling) * size if alike else free)
    available = int(usable.sum())
    needy = dict.fromkeys(
        member_class.group
        for member_class, size in zip(compiled.member_classes, sizes, strict=True)
        if size
    )
    sentence = (
        f"members of {joined(list(needy), NEAREST)} take {amount_told(name, needed)} in all; "
    )
    if available < needed:
        sentence += f"the hosts that they may use have {amount_told(name, available)} for them"
    else:
        sentence += f"the hosts that they may use have {amount_told(name, available)} for them, "
        sentence += "but not where the other rules need it"
    return Shortage(resource=name, needed=needed, available=available, sentence=sentence)
