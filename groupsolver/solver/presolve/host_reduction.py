"""Fewer candidates, the same optimum: which hosts each lot can do without.

The principle. Let T be the number of hosts that the batch can touch. A host h may be dropped
for a lot if T kept hosts, none dearer for a first member, could each take that member from h,
alone, with nobody else moving, and any other unit of the batch can spoil at most one of them:
one of the T is then left unspoiled, and moving there costs nothing. `Policy.sees` tells which
hosts are the same to the policies that look at the member.
"""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np

from groupsolver.constraints.policy import PerHost, Sees
from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.constraints.problem.problem import Rule
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import sure_and_possible
from groupsolver.solver.presolve.eligibility import Survey
from groupsolver.solver.relaxation.columns import by_domain

MAX_SHARES = 64  # kinds of share of a host that are told apart, before a lot is left unreduced


def reduce(ground: Ground, survey: Survey) -> list[Ints]:
    """Choose candidates.

    Returns
    -------
    list of (C,) int64, one a lot
        Rows of the hosts that are kept, ascending.
    """
    kept: list[Mask] = [np.zeros(len(ground.fleet), dtype=np.bool_) for _ in ground.lots]
    touched = hosts_touched(ground)
    for unit in _units(ground):
        rules = _rules(ground, unit)
        shares = _shares(ground, unit, rules)
        for share in shares or [()]:
            if not share:
                for lot in unit:
                    kept[lot] |= survey.most[lot] > 0
                continue
            hosts = _keep(ground, survey, rules, dict(zip(unit, share, strict=True)), touched)
            for lot, number in zip(unit, share, strict=True):
                if number:
                    kept[lot] |= hosts
    return [np.flatnonzero(mask & (most > 0)) for mask, most in zip(kept, survey.most, strict=True)]


def hosts_touched(ground: Ground) -> int:
    """Give T: how many hosts the batch can touch; what must share one host counts once."""
    return sum(1 if _whole(ground, unit) else sum(ground.lots[lot].number for lot in unit) for unit in _units(ground))


def _rules(ground: Ground, unit: list[int]) -> list[tuple[Rule, Sees]]:
    """Give the rules that look at any of some lots, and how."""
    rules: dict[int, tuple[Rule, Sees]] = {}
    for lot in unit:
        group = ground.lots[lot].group
        for rule in ground.rules_counting(group):
            own = group in ground.scene.below[rule.group]
            if own or id(rule) not in rules:
                rules[id(rule)] = rule, _seen(ground, rule, own)
    return list(rules.values())


def _seen(ground: Ground, rule: Rule, own: bool) -> Sees:
    """Give how a rule tells hosts apart; nothing is known of one at host whose two groups have members in common."""
    below, target = ground.scene.below, rule.policy.target
    if target and ground.level(rule) == HOST and below[rule.group] & below[target]:
        return Sees(pinned=True)
    return rule.policy.sees_in(rule.group, ground, own)


def _units(ground: Ground) -> list[list[int]]:
    """Join the lots that policies reward for sharing a host: they may move only as a share."""
    unit_of = list(range(len(ground.lots)))
    for rule in ground.scene.rules:
        if rule.policy.sees_in(rule.group, ground, own=True).sharing:
            together = ground.lots_below(rule.group)
            joined = {unit_of[lot] for lot in together}
            unit_of = [unit_of[together[0]] if unit in joined else unit for unit in unit_of]
    units: dict[int, list[int]] = {}
    for lot, unit in enumerate(unit_of):
        units.setdefault(unit, []).append(lot)
    return list(units.values())


def _whole(ground: Ground, unit: list[int]) -> bool:
    """Whether a hard policy puts all of a unit on one host that is still to be chosen."""
    return any(
        rule.policy.hard
        and rule.policy.binds_on(ground.fleet)
        and ground.level(rule) == HOST
        and set(unit) <= set(ground.lots_below(rule.group))
        and not ground.scene.running(rule.group)
        for rule in ground.scene.rules
    )


def _shares(ground: Ground, unit: list[int], rules: list[tuple[Rule, Sees]]) -> list[tuple[int, ...]]:
    """Give every number of members by lot that could stand on one host and move as one."""
    numbers = [ground.lots[lot].number for lot in unit]
    if any(sees.pinned for _, sees in rules):
        return []
    if _whole(ground, unit):
        return [tuple(numbers)]
    if not any(sees.sharing for _, sees in rules):
        return [(1,)]
    if prod(number + 1 for number in numbers) > MAX_SHARES:
        return []
    return [share for share in product(*(range(number + 1) for number in numbers)) if any(share)]


def _keep(
    ground: Ground,
    survey: Survey,
    rules: list[tuple[Rule, Sees]],
    share: dict[int, int],
    touched: int,
) -> Mask:
    """Give the hosts kept for one share: those that running members mark, and the cheapest of each class."""
    sure, fits = sure_and_possible(ground, share, _fits(ground, survey, share))
    price = np.zeros(len(ground.fleet), dtype=np.int64)
    for lot, number in share.items():
        price += number * survey.prices[lot]
    seen = {group for rule, _ in rules for group in rule.policy.counted(rule.group, ground.scene)}
    marked = np.zeros(len(ground.fleet), dtype=np.bool_)
    marked[[ground.fleet.rows[there.host] for there in ground.scene.standing if there.group in seen]] = True
    rows = np.flatnonzero(sure & ~marked)  # they alone count among the T; what may fit is kept, to lose nothing
    rows = rows[by_domain(price[rows], np.zeros(len(rows), dtype=np.int64))]
    told = {sees.level for _, sees in rules if sees.level not in (None, HOST)}
    kin = [rule.policy.kin(rule.group, ground.scene) for rule, sees in rules if sees.splits_used]
    splits = [ground.foreign(own, HOST) for own in kin]
    # What is in a tier of its own has no part in the price: hosts that suit it are told from those that do not.
    tiered = [rule.policy for rule, _ in rules if rule.tier is not None]
    splits += [ground.suits(policy) for policy in tiered if isinstance(policy, PerHost)]
    told_by = [rule.policy.tells(rule.group, ground, share) for rule, sees in rules if sees.sharing]
    kept = fits & (marked | ~sure)
    one = sum(share.values()) == 1  # a larger share may break at once what one member may not
    if one and len(told) == 1 and not splits and all(sees.free_entry for _, sees in rules if sees.level in told):
        level = next(iter(told))
        kept[_by_domains(ground, rows, str(level), marked, touched)] = True
    else:
        classes = [ground.fleet.codes(str(level))[rows] for level in sorted(map(str, told))]
        classes += [split[rows].astype(np.int64) for split in splits]
        classes += [parts[rows] for parts in told_by if parts is not None]
        kept[rows[_rank(classes, len(rows)) < touched]] = True
    return kept


def _fits(ground: Ground, survey: Survey, share: dict[int, int]) -> Mask:
    """(H,) bool: hosts that can take a whole share, alone; their cells taken together."""
    fits = np.ones(len(ground.fleet), dtype=np.bool_)
    needs: dict[str, int] = {}
    for lot, number in share.items():
        if number:
            fits &= survey.most[lot] >= number
            for name, amount in ground.lots[lot].size:
                needs[name] = needs.get(name, 0) + number * amount
    for name, amount in needs.items():
        fits &= ground.fleet.free(name) >= amount
    return fits


def _rank(classes: list[Ints], size: int) -> Ints:
    """(N,) int64: place of each row among those of its class, rows being in order of price."""
    if not classes:
        return np.arange(size, dtype=np.int64)
    label = np.zeros(size, dtype=np.int64)
    for codes in classes:
        _, label = np.unique(label * (int(codes.max(initial=0)) + 2) + codes + 1, return_inverse=True)
    order = np.argsort(label, kind="stable")
    ordered = label[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if size else np.zeros(0, dtype=np.int64)
    rank = np.empty(size, dtype=np.int64)
    rank[order] = np.arange(size) - np.repeat(starts, np.diff(np.r_[starts, size]))
    return rank


def _by_domains(ground: Ground, rows: Ints, level: str, marked: Mask, touched: int) -> list[int]:
    """Give the rows kept where any untouched domain of a level is as good as another.

    A row is dropped once (kept hosts in its domain) + (other domains with a kept host) reach
    `touched`. A host in no domain is a domain of its own; domains with running members that
    the policies see are not as good as another.
    """
    codes = ground.fleet.codes(level)
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
