"""Fewer hosts, just as possible: where no member takes any room, hosts and domains that are alike change places.

Members that take nothing tell hosts apart by eligibility and domains alone. Let T be how many members
there are. Of hosts of one kind in one domain, T are enough; and a domain may be dropped where T kept
ones, below the same domains, have of each kind as many hosts: what stands in it could stand in one
that nobody touches. So the fleet that is left has a placement if and only if the whole has one.

Not where a policy looks at more than domains (distances, links), or levels cross each other. Domains
over which a skew is taken all stay, as do those with running members.
"""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.eligibility import suited
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.protocols.network import loads_links
from groupsolver.constraints.protocols.presolve import host_equivalence
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.class_ranks import class_labels, ranks_in_class
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints, Mask, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.value import HOST

SMALL = 64  # hosts: below, nothing is worth dropping
WORTH = 0.7  # of the hosts: where more must stay, all do


def quotient(compiled: CompiledProblem) -> CompiledFleet:
    """Give a fleet of some of the hosts, on which the batch is possible if and only if it is on all.

    Only for a batch whose members take no resources.
    """
    fleet, rules = compiled.fleet, rules_of(compiled.problem).all
    spoken = {rule.policy.at for rule in rules} - {None, HOST}
    levels = sorted(
        (level for level in fleet.levels if level in spoken),
        key=lambda level: -fleet.domains(level),
    )
    # Which links leave a domain, and how far hosts are from each other, depends on all hosts.
    wired = any(loads_links(rule.policy) or needs_links(rule.policy) for rule in rules)
    looks = [
        host_equivalence(rule.policy, rule.group, compiled, own)
        for rule in rules
        for own in (True, False)
    ]
    if (
        wired
        or len(fleet) <= SMALL
        or not spoken <= set(fleet.levels)
        or any(look.pinned for look in looks)
    ):
        return fleet
    rows = np.array(sorted(fleet.rows.values()), dtype=np.int64)
    finest = _finest(fleet, levels, rows)
    if finest is None:
        return fleet
    enough = len(compiled.problem.new_members)
    marked = np.isin(rows, [fleet.rows[there.host] for there in compiled.problem.running_members])
    jealous = any(counts_all_groups(rule.policy) for rule in rules)
    kinds = _kinds(compiled, rows, jealous)
    kept = marked | (_place(finest, kinds) < enough)
    skewed = {
        rule.policy.at
        for rule in rules
        if host_equivalence(rule.policy, rule.group, compiled, True).counts_empty_domains
    }
    if levels and levels[0] not in skewed and HOST not in skewed:
        coarser = [fleet.codes(level)[rows] for level in levels[1:]]
        kept &= marked | _needed(finest, kinds, coarser, marked, enough, exact=jealous)
    elif HOST in skewed:
        return fleet
    if kept.sum() > WORTH * len(rows):
        return fleet
    hosts = tuple(fleet.index[fleet.names[row]] for row in rows[kept].tolist())
    return compile_fleet(Fleet.model_construct(levels=fleet.levels, hosts=hosts, links=fleet.links))


def _finest(fleet: CompiledFleet, levels: list[str], rows: Ints) -> Ints | None:
    """(R,) int64: the finest domain of each row, a host in none being one of its own; None where levels cross."""
    if not levels:
        return np.zeros(len(rows), dtype=np.int64)
    finest = fleet.codes(levels[0])[rows]
    finest = np.where(finest < 0, fleet.domains(levels[0]) + np.arange(len(rows)), finest)
    below = finest
    for level in levels[1:]:
        codes = fleet.codes(level)[rows]
        pairs = np.unique(below * (fleet.domains(level) + 1) + codes + 1)
        if len(np.unique(below)) < len(pairs):
            return None
        below = np.where(codes < 0, fleet.domains(level) + below, codes)
    return finest


def _kinds(compiled: CompiledProblem, rows: Ints, jealous: bool) -> Ints:
    """(R,) int64: hosts of one kind are open to the same member classes, count for the same policies, and are as empty."""
    fleet = compiled.fleet
    marks = [fleet.ready[rows], fleet.enabled[rows]]
    marks += [fleet.busy[rows]] if jealous else []
    groups = dict.fromkeys(
        (
            *(member_class.group for member_class in compiled.member_classes),
            *(rule.group for rule in rules_of(compiled.problem).all),
        )
    )
    marks += [suited(compiled, group)[rows] for group in groups]
    label = np.zeros(len(rows), dtype=np.int64)
    for mark in marks:
        label = np.unique(2 * label + mark, return_inverse=True)[1]
    return label


def _place(domains: Ints, kinds: Ints) -> Ints:
    """Return the place of each row among those of its kind in its domain, (R,) int64."""
    return ranks_in_class(class_labels([domains, kinds], len(domains)))


def _needed(
    finest: Ints, kinds: Ints, coarser: list[Ints], marked: Mask, enough: int, *, exact: bool
) -> Mask:
    """(R,) bool: rows whose finest domain is kept; `exact`: domains replace none but those that are the same."""
    domain = np.unique(finest, return_inverse=True)[1]
    number = int(domain.max(initial=-1)) + 1
    have = np.zeros((number, int(kinds.max(initial=-1)) + 1), dtype=np.int64)
    np.add.at(have, (domain, kinds), 1)
    have = np.minimum(have, enough)
    first = np.zeros(number, dtype=np.int64)
    first[domain[::-1]] = np.arange(len(domain))[::-1]
    above = np.array([codes[first] for codes in coarser]).reshape(len(coarser), number).T
    busy = np.zeros(number, dtype=np.bool_)
    busy[domain[marked]] = True
    kept = busy.copy()
    for place in dict.fromkeys(map(tuple, above.tolist())):
        here = np.flatnonzero((above == np.array(place, dtype=above.dtype)).all(axis=1) & ~busy)
        chosen: list[int] = []
        for one in here[np.argsort(-have[here].sum(axis=1), kind="stable")].tolist():
            others = have[chosen]
            alike = (others == have[one]) if exact else (others >= have[one])
            if int(alike.all(axis=1).sum()) < enough:
                chosen.append(one)
        kept[chosen] = True
    mask: Mask = kept[domain]
    return mask
