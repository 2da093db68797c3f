"""Fewer candidates, the same optimum: which hosts each member class can do without.

The principle. Let T be the number of hosts that the batch can touch. A host h may be dropped
for a member class if T kept hosts, none dearer for a first member, could each take that member from h,
alone, with nobody else moving, and any other unit of the batch can spoil at most one of them:
one of the T is then left unspoiled, and moving there costs nothing. `Policy.sees` tells which
hosts are the same to the policies that look at the member.
"""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from groupsolver.constraints.eligibility import suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.exclusivity import allowed_cohabitants
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.presolve import (
    HostEquivalence,
    host_equivalence,
    host_labels,
)
from groupsolver.constraints.protocols.relaxation import keeps_together
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.class_ranks import class_labels, ranks_in_class
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import sure_and_possible
from groupsolver.solver.presolve.eligibility import Survey
from groupsolver.solver.relaxation.columns import by_domain

MAX_SHARES = (
    64  # kinds of share of a host that are told apart, before a member class is left unreduced
)


def reduce(compiled: CompiledProblem, survey: Survey) -> list[Ints]:
    """Choose candidates.

    Returns
    -------
    list of (C,) int64, one a member class
        Rows of the hosts that are kept, ascending.
    """
    kept: list[Mask] = [
        np.zeros(len(compiled.fleet), dtype=np.bool_) for _ in compiled.member_classes
    ]
    touched = hosts_touched(compiled)
    for unit in _units(compiled):
        rules = _rules(compiled, unit)
        shares = _shares(compiled, unit, rules)
        for share in shares or [()]:
            if not share:
                for member_class in unit:
                    kept[member_class] |= survey.most[member_class] > 0
                continue
            hosts = _keep(compiled, survey, rules, dict(zip(unit, share, strict=True)), touched)
            for member_class, number in zip(unit, share, strict=True):
                if number:
                    kept[member_class] |= hosts
    return [np.flatnonzero(mask & (most > 0)) for mask, most in zip(kept, survey.most, strict=True)]


def hosts_touched(compiled: CompiledProblem) -> int:
    """Give T: how many hosts the batch can touch; what must share one host counts once."""
    return sum(
        1
        if _whole(compiled, unit)
        else sum(compiled.member_classes[member_class].number for member_class in unit)
        for unit in _units(compiled)
    )


def _rules(compiled: CompiledProblem, unit: list[int]) -> list[tuple[Rule, HostEquivalence]]:
    """Give the rules that look at any of some member classes, and how."""
    rules: dict[int, tuple[Rule, HostEquivalence]] = {}
    for member_class in unit:
        group = compiled.member_classes[member_class].group
        for rule in rules_of(compiled.problem).counting(group):
            own = group in compiled.problem.below[rule.group]
            if own or id(rule) not in rules:
                rules[id(rule)] = rule, _seen(compiled, rule, own)
    return list(rules.values())


def _seen(compiled: CompiledProblem, rule: Rule, own: bool) -> HostEquivalence:
    """Give how a rule tells hosts apart; nothing is known of one at host whose two groups have members in common."""
    below, target = compiled.problem.below, rule.policy.target
    if (
        target
        and level_on(rule.policy, compiled.fleet) == HOST
        and below[rule.group] & below[target]
    ):
        return HostEquivalence(pinned=True)
    return host_equivalence(rule.policy, rule.group, compiled, own)


def _units(compiled: CompiledProblem) -> list[list[int]]:
    """Join the member classes that policies reward for sharing a host: they may move only as a share."""
    joined = DisjointSets(range(len(compiled.member_classes)))
    for rule in rules_of(compiled.problem).all:
        if host_equivalence(rule.policy, rule.group, compiled, own=True).sharing:
            joined.join(compiled.member_classes_below(rule.group))
    return [sorted(part) for part in dict.fromkeys(joined.parts().values())]


def _whole(compiled: CompiledProblem, unit: list[int]) -> bool:
    """Whether a hard policy puts all of a unit on one host that is still to be chosen."""
    return any(
        rule.policy.hard
        and keeps_together(rule.policy, compiled.fleet)
        and level_on(rule.policy, compiled.fleet) == HOST
        and set(unit) <= set(compiled.member_classes_below(rule.group))
        and not compiled.problem.running(rule.group)
        for rule in rules_of(compiled.problem).all
    )


def _shares(
    compiled: CompiledProblem, unit: list[int], rules: list[tuple[Rule, HostEquivalence]]
) -> list[tuple[int, ...]]:
    """Give every number of members by member class that could stand on one host and move as one."""
    numbers = [compiled.member_classes[member_class].number for member_class in unit]
    if any(seen.pinned for _, seen in rules):
        return []
    if _whole(compiled, unit):
        return [tuple(numbers)]
    if not any(seen.sharing for _, seen in rules):
        return [(1,)]
    if prod(number + 1 for number in numbers) > MAX_SHARES:
        return []
    return [share for share in product(*(range(number + 1) for number in numbers)) if any(share)]


def _keep(
    compiled: CompiledProblem,
    survey: Survey,
    rules: list[tuple[Rule, HostEquivalence]],
    share: dict[int, int],
    touched: int,
) -> Mask:
    """Give the hosts kept for one share: those that running members mark, and the cheapest of each class."""
    sure, fits = sure_and_possible(compiled, share, _fits(compiled, survey, share))
    price = np.zeros(len(compiled.fleet), dtype=np.int64)
    for member_class, number in share.items():
        price += number * survey.prices[member_class]
    watched = {
        group
        for rule, _ in rules
        for group in groups_counted(rule.policy, rule.group, compiled.problem)
    }
    marked = np.zeros(len(compiled.fleet), dtype=np.bool_)
    marked[
        [
            compiled.fleet.rows[there.host]
            for there in compiled.problem.running_members
            if there.group in watched
        ]
    ] = True
    rows = np.flatnonzero(
        sure & ~marked
    )  # they alone count among the T; what may fit is kept, to lose nothing
    rows = rows[by_domain(price[rows], np.zeros(len(rows), dtype=np.int64))]
    told = {seen.level for _, seen in rules if seen.level not in (None, HOST)}
    cohabitants = [
        allowed_cohabitants(rule.policy, rule.group, compiled.problem)
        for rule, seen in rules
        if seen.splits_used
    ]
    splits = [compiled.foreign(own, HOST) for own in cohabitants]
    # What is in a tier of its own has no part in the price: hosts that suit it are told from those that do not.
    tiered = [rule.policy for rule, _ in rules if rule.tier is not None]
    splits += [suits(compiled, policy) for policy in tiered if isinstance(policy, HostFilter)]
    told_by = [
        host_labels(rule.policy, rule.group, compiled, share)
        for rule, seen in rules
        if seen.sharing
    ]
    kept = fits & (marked | ~sure)
    one = sum(share.values()) == 1  # a larger share may break at once what one member may not
    if (
        one
        and len(told) == 1
        and not splits
        and all(seen.free_entry for _, seen in rules if seen.level in told)
    ):
        level = next(iter(told))
        kept[_by_domains(compiled, rows, str(level), marked, touched)] = True
    else:
        classes = [compiled.fleet.codes(str(level))[rows] for level in sorted(map(str, told))]
        classes += [split[rows].astype(np.int64) for split in splits]
        classes += [parts[rows] for parts in told_by if parts is not None]
        rank = ranks_in_class(class_labels(classes, len(rows)))  # rows are in order of price
        kept[rows[rank < touched]] = True
    return kept


def _fits(compiled: CompiledProblem, survey: Survey, share: dict[int, int]) -> Mask:
    """(H,) bool: hosts that can take a whole share, alone; their cells taken together."""
    fits = np.ones(len(compiled.fleet), dtype=np.bool_)
    needs: dict[str, int] = {}
    for member_class, number in share.items():
        if number:
            fits &= survey.most[member_class] >= number
            for name, amount in compiled.member_classes[member_class].size:
                needs[name] = needs.get(name, 0) + number * amount
    for name, amount in needs.items():
        fits &= compiled.fleet.free(name) >= amount
    return fits


def _by_domains(
    compiled: CompiledProblem, rows: Ints, level: str, marked: Mask, touched: int
) -> list[int]:
    """Give the rows kept where any untouched domain of a level is as good as another.

    A row is dropped once (kept hosts in its domain) + (other domains with a kept host) reach
    `touched`. A host in no domain is a domain of its own; domains with running members that
    the policies see are not as good as another.
    """
    codes = compiled.fleet.codes(level)
    taken = set(codes[marked].tolist()) - {-1}
    kept: list[int] = []
    inside: dict[int, int] = {}
    others = 0
    for row, code in zip(rows.tolist(), codes[rows].tolist(), strict=True):
        domain = code if code >= 0 else -2 - row
        own = inside.get(domain, 0)
        free = others - (1 if own and domain not in taken else 0)
        if own + free >= touched:
            if others > touched:
                break
            continue
        kept.append(row)
        others += 1 if not own and domain not in taken else 0
        inside[domain] = own + 1
    return kept
