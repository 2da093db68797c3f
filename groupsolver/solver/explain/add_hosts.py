"""A fix on the fleet: the fewest additional hosts, of types that the fleet has.

The fleet is extended by empty hosts: for each type of host and each place where one could be added,
1 host, and if that is not enough, 3. `capacity_model` then finds the fewest of these that are
needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import NEW_NAME_PREFIX, HostsAdded, emptied
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
from groupsolver.solver.explain.capacity_model import EnlargedFleet, fewest_hosts

MAX_TYPES = 12  # of hosts, the smallest first
MAX_PLACES = 300  # combinations of domains where a host may be added
COPIES_TRIED = (1, 3)  # hosts of each type in each place
MAX_PLACE_RANK = 40  # places with a rank of their own, among hosts of one type

Domains = dict[str, str]  # a domain's name by level


def fewest_added_hosts(
    app: Application[Any], fleet: CompiledFleet, budget: Budget, seconds: float
) -> list[Change] | None:
    """Return the fewest additional hosts that make an application possible.

    Returns
    -------
    list of Change, or None
        None if no number of hosts is enough, or the minimum was not proved in time.
    """
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    until = budget.elapsed() + seconds
    for copies in COPIES_TRIED:
        enlarged, like = _with_more_hosts(compiled, copies)
        found = fewest_hosts(app, enlarged, budget, until - budget.elapsed())
        # More hosts than copies: with more copies of one type fewer might be enough.
        if found is not None and (len(found) <= copies or copies == COPIES_TRIED[-1]):
            names = [enlarged.fleet.names[row] for row in found]
            return _as_changes([enlarged.fleet.index[name] for name in names], like)
    return None


def host_type(host: Host) -> object:
    """Return what hosts of one type have in common: inventory, traits and cells."""
    cells = tuple((cell.name, frozenset(cell.inventory.items())) for cell in host.cells)
    return frozenset(host.inventory.items()), frozenset(host.traits), cells


def useful_types(compiled: CompiledProblem) -> list[Host]:
    """Return an empty host of each type that could take some member.

    The smallest types come first; of equally small ones, the most frequent.
    """
    examples: dict[object, Host] = {}
    frequency: dict[object, int] = {}
    for host in compiled.fleet.index:
        key = host_type(host)
        examples.setdefault(key, host)
        frequency[key] = frequency.get(key, 0) + 1
    sizes = [dict(member_class.size) for member_class in compiled.member_classes]
    useful = [key for key, host in examples.items() if any(_fits(size, host) for size in sizes)]
    useful.sort(key=lambda key: (sum(examples[key].capacity().values()), -frequency[key]))
    empty = [emptied(examples[key]) for key in useful[:MAX_TYPES]]
    return [host.model_copy(update={"cost": 0}) for host in empty]


def _fits(size: dict[str, int], host: Host) -> bool:
    """Return whether a host could take a member if it were empty."""
    capacity = host.capacity()
    return all(capacity.get(name, 0) >= amount for name, amount in size.items())


def _with_more_hosts(
    compiled: CompiledProblem, copies: int
) -> tuple[EnlargedFleet, dict[str, str]]:
    """Return a fleet with hosts of each type in each place; and the example of each new host."""
    fleet = compiled.fleet.copy()
    fleet.cost[:] = 0
    types = useful_types(compiled)
    rows: list[int] = []
    rank: list[int] = []
    like: dict[str, str] = {}
    for place, domains in enumerate(_places(compiled, copies)):
        for size_rank, example in enumerate(types):
            # Smaller types are preferred, and then places that come earlier.
            host_rank = size_rank * MAX_PLACE_RANK + min(MAX_PLACE_RANK - 1, place)
            for _ in range(copies):
                name = _unused_name(fleet, len(rows) + 1)
                update = {"name": name, "domains": domains, "cost": 1}
                fleet.put(example.model_copy(update=update))
                rows.append(fleet.rows[name])
                rank.append(host_rank)
                like[name] = example.name
    row_array = np.array(rows, dtype=np.int64)
    rank_array = np.array(rank, dtype=np.int64)
    return EnlargedFleet(fleet, row_array, compiled.fleet, rank_array), like


def _unused_name(fleet: CompiledFleet, number: int) -> str:
    name = f"{NEW_NAME_PREFIX}{number}"
    while name in fleet.rows:
        name += "'"
    return name


def _places(compiled: CompiledProblem, copies: int) -> Iterator[Domains]:
    """Yield the domains that an additional host could be in.

    First, each combination of domains that exists, as far as policies tell domains apart; then new
    domains inside existing ones, from the innermost level outwards.
    """
    levels = compiled.fleet.levels
    relevant_levels = _relevant_levels(compiled)
    existing = _existing_places(compiled, relevant_levels)
    yield from existing
    skewed = {
        rule.policy.at
        for rule in rules_of(compiled.problem).all
        if host_equivalence(rule.policy, rule.group, compiled, True).counts_empty_domains
    }
    number = 0
    for depth in reversed(range(len(levels))):
        new_levels = set(levels[depth:])
        # A new domain that no policy looks at makes no difference. One of a level with a skew would
        # count for the skew, whether its host is used or not.
        if not new_levels & set(relevant_levels) or new_levels & skewed:
            continue
        for domains in _distinct_above(existing, levels[:depth]):
            known = {level: name for level, name in domains.items() if level not in new_levels}
            for _ in range(copies):
                # A domain's name means the same domain all over the fleet: each place needs its
                # own.
                number += 1
                yield known | {
                    level: f"{NEW_NAME_PREFIX}{level}-{number}" for level in levels[depth:]
                }


def _relevant_levels(compiled: CompiledProblem) -> list[str]:
    """Return the levels that some policy looks at, in the fleet's order."""
    levels = compiled.fleet.levels
    policies = [rule.policy for rule in rules_of(compiled.problem).all]
    if any(needs_links(policy) for policy in policies):
        # How far a host is from others may depend on any domain that it is in.
        return list(levels)
    named = {level for policy in policies for level in levels_named(policy)}
    return [level for level in levels if level in named]


def _existing_places(compiled: CompiledProblem, levels: list[str]) -> list[Domains]:
    """Return the domains of one host for each combination of domains of some levels."""
    places: dict[tuple[str | None, ...], Domains] = {}
    for host in compiled.fleet.index:
        key = tuple(host.domains.get(level) for level in levels)
        places.setdefault(key, host.domains)
        if len(places) == MAX_PLACES:
            break
    return list(places.values())


def _distinct_above(places: list[Domains], levels: tuple[str, ...]) -> list[Domains]:
    """Return places that differ at some levels: the last one of each combination."""
    distinct = {tuple(domains.get(level) for level in levels): domains for domains in places}
    return list(distinct.values())


def _as_changes(hosts: list[Host], like: dict[str, str]) -> list[Change]:
    """Return hosts as changes, one for all that are alike, numbered anew."""
    alike: dict[object, list[Host]] = {}
    for host in hosts:
        place = tuple(
            (level, "" if name.startswith(NEW_NAME_PREFIX) else name)
            for level, name in host.domains.items()
        )
        alike.setdefault((like[host.name], place), []).append(host)
    number = 0
    changes: list[Change] = []
    for group in alike.values():
        renamed = []
        for host in group:
            number += 1
            update = {"name": f"{NEW_NAME_PREFIX}{number}", "cost": 0}
            renamed.append(host.model_copy(update=update))
        changes.append(HostsAdded(like[group[0].name], tuple(renamed)))
    return changes
