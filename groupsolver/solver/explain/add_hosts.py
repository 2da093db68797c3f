"""A fix on the fleet: the fewest hosts more, of types that it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import FRESH, Added, emptied
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.validation import levels_named
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.protocols.presolve import host_equivalence
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.capacity_model import Larger, fewest

TYPES = 12  # of hosts, the smallest first
PLACES = 300  # where one may be added
COPIES = (1, 3)  # of each type in each place
APART = 40  # places that are told apart where several would do


def added(
    app: Application[Any], fleet: CompiledFleet, budget: Budget, seconds: float
) -> list[Change] | None:
    """Give the fewest hosts more that make a batch possible; None where none do, or not in time."""
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    until = budget.elapsed() + seconds
    for copies in COPIES:
        larger, like = _with_more(compiled, copies)
        found = fewest(app, larger, budget, until - budget.elapsed())
        if found is not None and (len(found) <= copies or copies == COPIES[-1]):
            hosts = [larger.fleet.index[larger.fleet.names[row]] for row in found]
            return _told(hosts, like)
    return None


def type_of(host: Host) -> object:
    """Give what makes hosts of one type: what they have, and what they can do."""
    cells = tuple((cell.name, frozenset(cell.inventory.items())) for cell in host.cells)
    return frozenset(host.inventory.items()), frozenset(host.traits), cells


def types_of(compiled: CompiledProblem) -> list[Host]:
    """Give a host of each type, empty, that could take some member; the smallest, and those that are many, first."""
    found: dict[object, tuple[int, Host]] = {}
    sizes = [dict(member_class.size) for member_class in compiled.member_classes]
    for host in compiled.fleet.index:
        number, first = found.get(type_of(host), (0, host))
        found[type_of(host)] = number + 1, first
    fit = [
        (sum(host.capacity().values()), -number, host)
        for number, host in found.values()
        if any(
            all(host.capacity().get(name, 0) >= amount for name, amount in size.items())
            for size in sizes
        )
    ]
    return [
        emptied(host).model_copy(update={"cost": 0})
        for _, _, host in sorted(fit, key=lambda one: one[:2])[:TYPES]
    ]


def _with_more(compiled: CompiledProblem, copies: int) -> tuple[Larger, dict[str, str]]:
    """Give a fleet with so many hosts of each type in each place where one might go, and what each is like."""
    fleet, types = compiled.fleet.copy(), types_of(compiled)
    fleet.cost[:] = 0
    rows: list[int] = []
    rank: list[int] = []
    like: dict[str, str] = {}
    for place, domains in enumerate(_places(compiled, copies)):
        for size, type_ in enumerate(types):
            for _ in range(copies):
                name = f"{FRESH}{len(rows) + 1}"
                while name in fleet.rows:
                    name += "'"
                fleet.add(type_.model_copy(update={"name": name, "domains": domains, "cost": 1}))
                rows.append(fleet.rows[name])
                rank.append(size * APART + min(APART - 1, place))
                like[name] = type_.name
    return Larger(
        fleet, np.array(rows, dtype=np.int64), compiled.fleet, np.array(rank, dtype=np.int64)
    ), like


def _places(compiled: CompiledProblem, copies: int) -> Iterator[dict[str, str]]:
    """Give domains that a host more could stand in: each combination that matters and is there; then new ones."""
    levels, rules = compiled.fleet.levels, rules_of(compiled.problem).all
    spoken = {name for rule in rules for name in levels_named(rule.policy)}
    if any(needs_links(rule.policy) for rule in rules):
        # How far a host is from others may depend on any domain that it stands in.
        spoken |= set(levels)
    told = [level for level in levels if level in spoken]
    seen: dict[tuple[str | None, ...], dict[str, str]] = {}
    for host in compiled.fleet.index:
        seen.setdefault(tuple(host.domains.get(level) for level in told), host.domains)
        if len(seen) == PLACES:
            break
    yield from seen.values()
    skewed = {
        rule.policy.at
        for rule in rules
        if host_equivalence(rule.policy, rule.group, compiled, True).counts_empty_domains
    }
    number = 0
    for depth in reversed(range(len(levels))):
        fresh = set(levels[depth:])
        if not fresh & set(told) or fresh & skewed:
            continue  # it says nothing; or a new domain would count for the skew, used or not
        above = {
            tuple(domains.get(level) for level in levels[:depth]): domains
            for domains in seen.values()
        }
        for domains in above.values():
            known = {level: name for level, name in domains.items() if level not in fresh}
            for _ in range(copies):
                number += 1  # a domain is one all over the fleet: no two places may share a new one
                yield known | {level: f"{FRESH}{level}-{number}" for level in levels[depth:]}


def _told(hosts: list[Host], like: dict[str, str]) -> list[Change]:
    """Give the hosts as changes, those that are alike as one, numbered anew."""
    alike: dict[object, list[Host]] = {}
    for host in hosts:
        place = tuple(
            (level, "" if name.startswith(FRESH) else name) for level, name in host.domains.items()
        )
        alike.setdefault((like[host.name], place), []).append(host)
    number = 0
    changes: list[Change] = []
    for found in alike.values():
        named = []
        for host in found:
            number += 1
            named.append(host.model_copy(update={"name": f"{FRESH}{number}", "cost": 0}))
        changes.append(Added(like[found[0].name], tuple(named)))
    return changes
