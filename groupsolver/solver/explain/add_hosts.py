"""A fix on the fleet: the fewest additional hosts, of types that the fleet has.

The fleet is extended by empty hosts: for each type of host and each place where one could be added,
1 host, and if that is not enough, 3, and then 8. `capacity_model` then finds the fewest of these
that are needed; each answer is tried by an ordinary solve.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from groupsolver.changes.change import Change, apply_changes
from groupsolver.changes.fleet import NEW_NAME_PREFIX, HostsAdded, emptied
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.validation import levels_named
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST
from groupsolver.solver.explain.capacity_model import EnlargedFleet, Loads, fewest_hosts
from groupsolver.solver.explain.feasibility import FeasibilityOracle

MAX_TYPES = 12  # of hosts, the smallest first
MAX_PLACES = 300  # combinations of domains where a host may be added
COPIES_TRIED = (1, 3, 8)  # hosts of each type in each place
MAX_PLACE_RANK = 40  # places with a rank of their own, among hosts of one type

Domains = dict[str, str]  # a domain's name by level
Combination = tuple[tuple[str, str], ...]  # the same as pairs


def fewest_added_hosts(
    app: Application[Any], fleet: CompiledFleet, oracle: FeasibilityOracle, seconds: float
) -> list[Change] | None:
    """Return the fewest additional hosts that make an application possible.

    Returns
    -------
    list of Change, or None
        None if no number of hosts is enough, or the minimum was not proved in time.
    """
    compiled = CompiledProblem(Problem(app, fleet.index), fleet)
    budget = oracle.budget
    until = budget.elapsed() + seconds
    copies = COPIES_TRIED[0]
    while budget.elapsed() < until:
        more = _MoreHosts(compiled, copies)

        def helps(loads: Loads, more: _MoreHosts = more) -> bool | None:
            _, changed = apply_changes(app, fleet, more.changes(loads))
            status = oracle.solve(app, changed).status
            return None if status == "unknown" else status != "infeasible"

        found = fewest_hosts(app, more.enlarged, budget, until - budget.elapsed(), helps)
        if found is not None and len(found) <= copies:
            return more.changes(found)
        # With more hosts of one type in one place fewer might be enough: no more than were found.
        larger = [number for number in COPIES_TRIED if number > copies]
        if found is not None:
            copies = min([len(found), *larger])
        elif larger:
            copies = larger[0]
        else:
            return None
    return None


def host_type(host: Host) -> object:
    """Return what hosts of one type have in common: inventory, traits, cells, reservations."""
    cells = tuple((cell.name, frozenset(cell.inventory.items())) for cell in host.cells)
    reserved_for = frozenset(host.reserved_for)
    return frozenset(host.inventory.items()), frozenset(host.traits), cells, reserved_for


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
    # What pools have, a host of a type may take from them: it depends on where it is added.
    pooled = frozenset(compiled.fleet.pools.of)
    useful = [
        key for key, host in examples.items() if any(_fits(size, host, pooled) for size in sizes)
    ]
    useful.sort(key=lambda key: (sum(examples[key].capacity().values()), -frequency[key]))
    empty = [emptied(examples[key]) for key in useful[:MAX_TYPES]]
    return [host.model_copy(update={"cost": 0}) for host in empty]


def _fits(size: dict[str, int], host: Host, pooled: frozenset[str]) -> bool:
    """Return whether a host could take a member if it were empty."""
    capacity = host.capacity()
    return all(
        capacity.get(name, 0) >= amount or (name in pooled and name not in capacity)
        for name, amount in size.items()
    )


@dataclass(frozen=True)
class _Place:
    """Where hosts may be added.

    Attributes
    ----------
    domains : dict of str to str
    new : tuple of str
        Levels of the domains that do not exist yet.
    family : int
        Places of one family differ in nothing but the names of new domains; -1: it has none.
    """

    domains: Domains
    new: tuple[str, ...] = ()
    family: int = -1


class _MoreHosts:
    """A fleet with some hosts of each type in each place.

    Parameters
    ----------
    compiled : CompiledProblem
    copies : int
        Hosts of each type in each place.

    Attributes
    ----------
    enlarged : EnlargedFleet
    """

    def __init__(self, compiled: CompiledProblem, copies: int) -> None:
        fleet = compiled.fleet.copy()
        fleet.cost[:] = 0
        self._taken = names_taken(compiled.fleet)
        self._like: dict[int, str] = {}
        self._place: dict[int, _Place] = {}
        types = useful_types(compiled)
        rank: list[int] = []
        options: list[tuple[int, int]] = []
        ordered: list[list[list[int]]] = []
        families: dict[int, list[list[int]]] = {}
        names = _free_names(self._taken)
        pools = fleet.index.pools
        for number, place in enumerate(_places(compiled, copies, self._taken)):
            in_place: list[int] = []
            for size_rank, example in enumerate(types):
                if pools and any(pools.repeated(_in_place(example, "", place))):
                    continue  # it would have a class itself that a pool of the place has
                # Smaller types are preferred, and then places that come earlier.
                host_rank = size_rank * MAX_PLACE_RANK + min(MAX_PLACE_RANK - 1, number)
                of_type: list[int] = []
                for _ in range(copies):
                    name = next(names)
                    fleet.put(_in_place(example, name, place))
                    row = fleet.rows[name]
                    of_type.append(row)
                    rank.append(host_rank)
                    options.append((size_rank, number))
                    self._like[row] = example.name
                    self._place[row] = place
                ordered.append([[row] for row in of_type])
                in_place += of_type
            if place.new:
                families.setdefault(place.family, []).append(in_place)
        rows = np.array(list(self._like), dtype=np.int64)
        self.enlarged = EnlargedFleet(
            fleet,
            rows,
            compiled.fleet,
            np.array(rank, dtype=np.int64),
            options,
            [*ordered, *families.values()],
        )

    def changes(self, loads: Loads) -> list[Change]:
        """Return hosts as changes, one for all that are alike, with names that are free."""
        alike: dict[tuple[str, Combination, tuple[str, ...]], list[int]] = {}
        for row in loads:
            place = self._place[row]
            known = tuple(
                (level, name) for level, name in place.domains.items() if level not in place.new
            )
            alike.setdefault((self._like[row], known, place.new), []).append(row)
        names = _free_names(self._taken)
        fleet = self.enlarged.fleet
        changes: list[Change] = []
        for (like, _, new), rows in alike.items():
            hosts = []
            for row in rows:
                host = fleet.index[fleet.names[row]]
                hosts.append(host.model_copy(update={"name": next(names), "cost": 0}))
            changes.append(HostsAdded(like, tuple(hosts), unnamed=new))
        return changes


def _in_place(example: Host, name: str, place: _Place) -> Host:
    """Return a host like an example in a place."""
    update = {"name": name, "domains": place.domains, "cost": 1}
    return example.model_copy(update=update)


def names_taken(fleet: CompiledFleet) -> frozenset[str]:
    """Return the names of hosts, domains and ends of links: a new one must be none of them."""
    taken: set[str] = set()
    for level in (HOST, *fleet.levels):
        taken.update(fleet.index.domains(level))
    for link in fleet.links:
        taken.update(link.between)
    return frozenset(taken)


def _free_names(taken: Container[str], prefix: str = NEW_NAME_PREFIX) -> Iterator[str]:
    """Yield names that nothing has."""
    return (name for name in (f"{prefix}{number}" for number in count(1)) if name not in taken)


def _places(compiled: CompiledProblem, copies: int, taken: Container[str]) -> Iterator[_Place]:
    """Yield the places that an additional host could be in.

    First, each combination of domains that exists, as far as policies tell domains apart; then new
    domains inside existing ones, from the innermost level outwards.
    """
    levels = compiled.fleet.levels
    relevant_levels = _relevant_levels(compiled)
    existing = _existing_places(compiled, relevant_levels)
    yield from map(_Place, existing)
    names = {level: _free_names(taken, f"{NEW_NAME_PREFIX}{level}-") for level in levels}
    family = 0
    for depth in reversed(range(len(levels))):
        new = levels[depth:]
        # A new domain that no policy looks at makes no difference.
        if not set(new) & set(relevant_levels):
            continue
        for domains in _distinct_above(existing, levels[:depth]):
            known = {level: name for level, name in domains.items() if level not in new}
            for _ in range(copies):
                # A domain's name means the same domain all over the fleet: each place needs its
                # own.
                yield _Place(known | {level: next(names[level]) for level in new}, new, family)
            family += 1


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
