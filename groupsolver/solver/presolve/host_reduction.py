"""Fewer candidates, the same optimum: the hosts that each member class can do without.

The principle. Let T be the number of hosts that new members can touch. A host h may be dropped for
a member class if T kept hosts, none dearer for a first member, could each take that member from h,
alone, with nobody else moving, and any other unit of members can spoil at most one of them. At
most T - 1 other units move, so one of the T is left unspoiled, and moving there costs nothing.

`HostSymmetry.host_equivalence` declares which hosts are the same to a policy.

Example: two members of a group that keeps apart by host, on 100 equal hosts. T = 2, so the two
cheapest hosts are kept and 98 dropped.
"""

from __future__ import annotations

from collections.abc import Collection
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
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.class_ranks import class_labels, ranks_in_class
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import sure_and_possible
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.columns import sort_by_domain

MAX_SHARES = 64  # combinations of members on one host; with more, hosts are compared as a whole
MAX_COMPARED = 5_000_000  # hosts times member classes of such a unit; with more, all are kept

Unit = list[int]  # class indices that may move only together
Share = dict[int, int]  # members by class index that are on one host and move as one
RulesSeen = list[tuple[Rule, HostEquivalence]]  # rules, and how each tells hosts apart


def reduce_hosts(
    compiled: CompiledProblem, eligibility: Eligibility, optional: Collection[int] = ()
) -> list[Ints]:
    """Choose the candidates.

    Parameters
    ----------
    compiled : CompiledProblem
    eligibility : Eligibility
    optional : collection of int, optional
        Member classes of which members may be left out.

    Returns
    -------
    list of (C,) int64, one a member class
        Rows of the hosts that are kept, ascending.
    """
    hosts = compiled.fleet.row_count
    kept: list[Mask] = [np.zeros(hosts, dtype=np.bool_) for _ in compiled.member_classes]
    touched = hosts_touched(compiled)
    opening = eligibility.opening_prices is not None
    for unit in _units(compiled, opening):
        rules = _rules_seen(compiled, unit)
        shares = _shares(compiled, unit, rules, opening, optional)
        if not shares:
            kept_for_unit = _kept_for_unit(compiled, eligibility, unit, rules, touched)
            for class_index in unit:
                kept[class_index] |= kept_for_unit
        for share in shares:
            kept_for_share = _kept_for_share(compiled, eligibility, rules, share, touched)
            for class_index, number in share.items():
                if number:
                    kept[class_index] |= kept_for_share
    return [
        np.flatnonzero(mask & (max_members > 0))
        for mask, max_members in zip(kept, eligibility.max_members, strict=True)
    ]


def hosts_touched(compiled: CompiledProblem) -> int:
    """Return T: how many hosts new members can touch; a unit that must share one counts once."""
    touched = 0
    for unit in _units(compiled):
        members = sum(compiled.member_classes[class_index].number for class_index in unit)
        touched += 1 if _must_share_host(compiled, unit) else members
    return touched


def _rules_seen(compiled: CompiledProblem, unit: Unit) -> RulesSeen:
    """Return the rules that look at any member class of a unit, and how each tells hosts apart."""
    rules: dict[Rule, tuple[Rule, HostEquivalence]] = {}
    for class_index in unit:
        group = compiled.member_classes[class_index].group
        for rule in rules_of(compiled.problem).counting(group):
            own = group in compiled.problem.below[rule.group]
            # Where a rule sees classes as its own and as others', its own say more.
            if own or rule not in rules:
                rules[rule] = rule, _host_equivalence(compiled, rule, own)
    return list(rules.values())


def _host_equivalence(compiled: CompiledProblem, rule: Rule, own: bool) -> HostEquivalence:
    """Return how a rule tells hosts apart.

    Nothing may be assumed of a rule at host level whose two groups have members in common: each
    host with such a member counts for both of them.
    """
    below = compiled.problem.below
    target = rule.policy.target
    if (
        target
        and level_on(rule.policy, compiled.fleet) == HOST
        and below[rule.group] & below[target]
    ):
        return HostEquivalence(pinned=True)
    return host_equivalence(rule.policy, rule.group, compiled, own)


def _units(compiled: CompiledProblem, opening: bool = False) -> list[Unit]:
    """Join the member classes that are rewarded for sharing a host: they move as a share.

    Policies reward that, and prices of opening hosts reward it for all classes.
    """
    joined = DisjointSets(range(len(compiled.member_classes)))
    if opening:
        joined.join(range(len(compiled.member_classes)))
    for rule in rules_of(compiled.problem).all:
        if host_equivalence(rule.policy, rule.group, compiled, own=True).sharing:
            joined.join(compiled.member_classes_below(rule.group))
    return [sorted(part) for part in dict.fromkeys(joined.parts().values())]


def _must_share_host(compiled: CompiledProblem, unit: Unit) -> bool:
    """Return whether a hard policy puts all of a unit on one host that is still to be chosen."""
    problem = compiled.problem
    groups = {compiled.member_classes[class_index].group for class_index in unit}
    # A rule over all of the unit is over the group of its first class: no other is looked at.
    first = compiled.member_classes[unit[0]].group
    return any(
        rule.policy.hard
        and keeps_together(rule.policy, compiled.fleet)
        and level_on(rule.policy, compiled.fleet) == HOST
        and all(rule.group in problem.above[group] for group in groups)
        and not problem.running(rule.group)
        for rule in rules_of(problem).over(first)
    )


def _shares(
    compiled: CompiledProblem,
    unit: Unit,
    rules: RulesSeen,
    opening: bool,
    optional: Collection[int],
) -> list[Share]:
    """Return every combination of members that could be on one host and move as one.

    An empty list where nothing may be assumed, so that nothing is dropped.
    """
    numbers = [compiled.member_classes[class_index].number for class_index in unit]
    if any(equivalence.pinned for _, equivalence in rules):
        return []
    # What is placed of a unit with optional members may be any part of it.
    if _must_share_host(compiled, unit) and not any(index in optional for index in unit):
        return [dict(zip(unit, numbers, strict=True))]
    if not opening and not any(equivalence.sharing for _, equivalence in rules):
        # Members move one by one: only sharing joins classes, so the unit has one.
        (class_index,) = unit
        return [{class_index: 1}]
    if prod(number + 1 for number in numbers) > MAX_SHARES:
        return []
    combinations = product(*(range(number + 1) for number in numbers))
    return [dict(zip(unit, counts, strict=True)) for counts in combinations if any(counts)]


def _kept_for_share(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    rules: RulesSeen,
    share: Share,
    touched: int,
) -> Mask:
    """(H,) bool: the hosts kept for one share.

    These are hosts with running members that the rules count, hosts where it is uncertain whether
    the share fits, and of each class of equivalent hosts the `touched` cheapest.
    """
    sure, possible = sure_and_possible(compiled, share, _fits(compiled, eligibility, share))
    has_running = _has_running(compiled, rules)
    kept = possible & (has_running | ~sure)
    # Only hosts where the share surely fits, and that are as good as others, count among the T.
    rows = np.flatnonzero(sure & ~has_running)
    price = _share_price(eligibility, share)
    if eligibility.opening_prices is not None:
        price = price + eligibility.opening_prices
    rows = rows[sort_by_domain(price[rows], np.zeros(len(rows), dtype=np.int64))]
    levels = _levels(rules)
    splits = _splits(compiled, rules)
    pools = _pool_labels(compiled, share)
    # A larger share may break at once what one member may not.
    single = sum(share.values()) == 1
    one_level = single and len(levels) == 1 and not splits and not pools
    if one_level and _free_entry(rules, levels):
        kept[_kept_by_domain(compiled, rows, levels[0], has_running, touched)] = True
        return kept
    labels = [compiled.fleet.codes(level) for level in levels]
    labels += [split.astype(np.int64) for split in splits]
    labels += pools
    labels += _sharing_labels(compiled, rules, share)
    # Rows are in order of price, so the first of each class are its cheapest.
    rank = ranks_in_class(class_labels([label[rows] for label in labels], len(rows)))
    kept[rows[rank < touched]] = True
    return kept


def _kept_for_unit(
    compiled: CompiledProblem,
    eligibility: Eligibility,
    unit: Unit,
    rules: RulesSeen,
    touched: int,
) -> Mask:
    """(H,) bool: the hosts kept for a unit whatever share of it is on a host.

    Hosts that are the same in every respect are the same to every share, so of each such class
    `touched` are kept. All hosts where a rule pins the unit or looks at its shares.
    """
    hosts = compiled.fleet.row_count
    everything = {index: compiled.member_classes[index].number for index in unit}
    pinned = any(equivalence.pinned for _, equivalence in rules)
    too_large = hosts * len(unit) > MAX_COMPARED
    if pinned or too_large or _sharing_labels(compiled, rules, everything):
        return np.ones(hosts, dtype=np.bool_)
    names = {name for index in unit for name, _ in compiled.member_classes[index].size}
    properties = [compiled.fleet.free(name) for name in sorted(names)]
    for class_index in unit:
        properties.append(eligibility.max_members[class_index])
        properties.append(eligibility.prices[class_index])
    if eligibility.opening_prices is not None:
        properties.append(eligibility.opening_prices)
    properties += _pool_labels(compiled, everything)
    properties += [compiled.fleet.codes(level) for level in _levels(rules)]
    properties += [split.astype(np.int64) for split in _splits(compiled, rules)]
    _, label = np.unique(np.stack(properties, axis=1), axis=0, return_inverse=True)
    kept = _has_running(compiled, rules) | compiled.fleet.cells.within(names)
    others = np.flatnonzero(~kept)
    kept[others[ranks_in_class(label.reshape(-1)[others]) < touched]] = True
    return kept


def _pool_labels(compiled: CompiledProblem, share: Share) -> list[Ints]:
    """Return the pool of each host for each class that a share takes, (H,) int64 each.

    Members that move to a host of the same pool take as much of it as before. To another pool, or
    away from what is the host's own, they might bring more than there is. A class of which all new
    members together take no more than any pool has makes no difference.
    """
    numbers = compiled.fleet.pools.of
    scarce = [name for name in _classes_taken(compiled, share) if name in numbers]
    return [numbers[name] for name in scarce if _may_run_out(compiled, name)]


def _classes_taken(compiled: CompiledProblem, share: Share) -> list[str]:
    """Return the resource classes that members of a share take of, without repetition."""
    taken = {
        name: None
        for class_index, number in share.items()
        if number
        for name, _ in compiled.member_classes[class_index].size
    }
    return list(taken)


def _may_run_out(compiled: CompiledProblem, name: str) -> bool:
    """Return whether all new members may take more of a class than some pool that gives it has."""
    needed = sum(
        member_class.number * dict(member_class.size).get(name, 0)
        for member_class in compiled.member_classes
    )
    numbers = compiled.fleet.pools.of[name]
    free = compiled.fleet.pools.free(name)[numbers[numbers >= 0]]
    return bool((free < needed).any())


def _fits(compiled: CompiledProblem, eligibility: Eligibility, share: Share) -> Mask:
    """(H,) bool: hosts that can take a whole share, alone; their cells taken together."""
    fits = np.ones(compiled.fleet.row_count, dtype=np.bool_)
    needs: dict[str, int] = {}
    for class_index, number in share.items():
        if number:
            fits &= eligibility.max_members[class_index] >= number
            for name, amount in compiled.member_classes[class_index].size:
                needs[name] = needs.get(name, 0) + number * amount
    for name, amount in needs.items():
        fits &= compiled.fleet.free(name) >= amount
    return fits


def _share_price(eligibility: Eligibility, share: Share) -> Ints:
    """(H,) int64: what a share costs on each host."""
    price = np.zeros(len(eligibility.prices[0]), dtype=np.int64)
    for class_index, number in share.items():
        price += number * eligibility.prices[class_index]
    return price


def _has_running(compiled: CompiledProblem, rules: RulesSeen) -> Mask:
    """(H,) bool: hosts with running members that some rule counts."""
    problem = compiled.problem
    counted: set[str] = set()
    for rule, _ in rules:
        counted |= groups_counted(rule.policy, rule.group, problem)
    rows = [
        compiled.fleet.rows[running.host]
        for running in problem.running_members
        if running.group in counted
    ]
    mask = np.zeros(compiled.fleet.row_count, dtype=np.bool_)
    mask[rows] = True
    return mask


def _levels(rules: RulesSeen) -> list[str]:
    """Return the levels above host, and partitions, at which rules tell hosts apart."""
    levels = {equivalence.level for _, equivalence in rules}
    return sorted(level for level in levels if level is not None and level != HOST)


def _free_entry(rules: RulesSeen, levels: list[str]) -> bool:
    """Return whether to every rule at some levels an untouched domain is as good as another."""
    return all(equivalence.free_entry for _, equivalence in rules if equivalence.level in levels)


def _splits(compiled: CompiledProblem, rules: RulesSeen) -> list[Mask]:
    """Return further properties that tell hosts apart, (H,) bool each."""
    splits = []
    for rule, equivalence in rules:
        if equivalence.splits_used:
            cohabitants = allowed_cohabitants(rule.policy, rule.group, compiled.problem)
            splits.append(compiled.foreign(cohabitants, HOST))
    for rule, _ in rules:
        # A policy of another tier has no part in the price, so price does not tell these apart.
        if rule.tier is not None and isinstance(rule.policy, HostFilter):
            splits.append(suits(compiled, rule.policy))
    return splits


def _sharing_labels(compiled: CompiledProblem, rules: RulesSeen, share: Share) -> list[Ints]:
    """Return labels of hosts that are the same to rules which reward sharing, (H,) int64 each."""
    labels = []
    for rule, equivalence in rules:
        if equivalence.sharing:
            label = host_labels(rule.policy, rule.group, compiled, share)
            if label is not None:
                labels.append(label)
    return labels


def _kept_by_domain(
    compiled: CompiledProblem, rows: Ints, level: str, has_running: Mask, touched: int
) -> list[int]:
    """Return the rows kept where any untouched domain of a level is as good as another.

    A row is dropped once ``kept hosts in its domain + other domains with a kept host`` reaches
    `touched`. A host in no domain is a domain of its own. Domains with running members that the
    policies count are not as good as another.

    Example: touched = 2, rows by price a1, a2, b1 in domains a, a, b. Of a1 nothing is kept yet; a2
    has a1 in its domain, 1 + 0 < 2; b1 has domain a, 0 + 1 < 2: all are kept. A third host of a
    has 2 + 1, and is dropped.
    """
    codes = compiled.fleet.codes(level)
    taken = set(codes[has_running].tolist()) - {-1}
    kept: list[int] = []
    kept_in: dict[int, int] = {}
    free_domains = 0  # domains with a kept host and without running members
    for row, code in zip(rows.tolist(), codes[rows].tolist(), strict=True):
        domain = code if code >= 0 else -2 - row
        here = kept_in.get(domain, 0)
        counted = here > 0 and domain not in taken
        other_domains = free_domains - (1 if counted else 0)
        if here + other_domains >= touched:
            if free_domains > touched:
                break  # whatever the domain of a later row, there are enough others
            continue
        kept.append(row)
        kept_in[domain] = here + 1
        if not here and domain not in taken:
            free_domains += 1
    return kept
