"""What keeps one more copy out, in words: read off what the placed copies leave free."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupsolver.constraints.eligibility import open_hosts, suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.copies import original
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import HostFilter, required_traits
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.answers.headroom import Bottleneck
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.units import count_of, quantity, resource_name
from groupsolver.model.value import HOST
from groupsolver.solver.headroom.demand import UNBOUNDED_MEMBERS, Demand, DomainLimit, demand_of
from groupsolver.solver.headroom.incremental import PlacedCopies
from groupsolver.solver.headroom.knapsack import no_limit

MAX_NAMED = 3  # resources of one unit, and rules between groups, that are named
MAX_UNITS_ON_HOST = 2**20  # keeps sums over hosts within 64 bits
# Of the copies, a fraction: a unit that there is room for in no more copies has run out.
RUN_OUT = 0.002
# Of the hosts of a unit, a fraction: a resource that is short on fewer hosts is not named.
MIN_HOSTS_SHORT = 0.1


@dataclass(frozen=True)
class Disclosure:
    """What the answer may contain.

    Parameters
    ----------
    reveal : bool, default True
        How full hosts are, and how many there are.
    own : container of str, optional
        The groups whose rules may be named; None: all.
    """

    reveal: bool = True
    own: Container[str] | None = None

    def allows(self, rule: Rule | DomainLimit) -> bool:
        """Return whether a rule may be named."""
        return self.own is None or original(rule.group) in self.own


def find_bottlenecks(
    demand: Demand,
    placed: PlacedCopies,
    disclosure: Disclosure = Disclosure(),
    left: Callable[[], float] = no_limit,
) -> tuple[Bottleneck, ...]:
    """Return what runs out, the most important first; what was found in time.

    Parameters
    ----------
    demand : Demand
        On the fleet without copies.
    placed : PlacedCopies
    disclosure : Disclosure
    left : callable, optional
        Returns the seconds that are left.
    """
    problem = Problem(placed.application(1), placed.fleet.index)
    rest = demand_of(CompiledProblem(problem, placed.fleet))
    finder = _Finder(demand, rest, len(placed.copies), disclosure, left)
    found: dict[tuple[str, str], Bottleneck] = {}
    for bottleneck in finder.all():
        found.setdefault((bottleneck.kind, bottleneck.name), bottleneck)
    return tuple(found.values())


class _Finder:
    """Compares the demand of a copy with what the placed copies leave.

    Parameters
    ----------
    demand, rest : Demand
        Of a copy on the fleet without the placed copies, and with them.
    copies : int
        How many are placed.
    disclosure : Disclosure
    left : callable
        Returns the seconds that are left.
    """

    def __init__(
        self,
        demand: Demand,
        rest: Demand,
        copies: int,
        disclosure: Disclosure,
        left: Callable[[], float],
    ) -> None:
        self.demand = demand
        self.rest = rest
        self.copies = copies
        self.disclosure = disclosure
        self.seconds_left = left
        room = np.minimum(rest.slots, UNBOUNDED_MEMBERS).sum(axis=1)
        self.left = room / rest.number  # copies that there is room for of each unit alone
        self.first = True  # no resource was named yet

    def all(self) -> Iterator[Bottleneck]:
        scarcest_first = np.argsort(self.left, kind="stable").tolist()
        blocked = [unit for unit in scarcest_first if self._runs_out(self.left[unit])]
        for unit in blocked:
            if self.seconds_left() <= 0:
                return
            yield from self._of_unit(unit)
        limits = list(self._short_of_domains())
        if self.seconds_left() <= 0:
            return
        for limit, bottleneck in limits:
            if self.disclosure.allows(limit):
                yield bottleneck
        # If nothing is short, it is the rules between groups. But a rule that may not be named may
        # be all that is in the way.
        between = self._rules_between()
        if not blocked and not limits and all(map(self.disclosure.allows, between)):
            yield from self._of_unit(scarcest_first[0])
            yield from self._of_rules(between[:MAX_NAMED])

    def _runs_out(self, copies: float) -> bool:
        return bool(copies < 1 + RUN_OUT * self.copies)

    def _rules(self, unit: int) -> list[Rule]:
        """Return the hard rules over each member class of a unit."""
        compiled = self.demand.compiled
        rules: list[Rule] = []
        for member_class in self.demand.units[unit]:
            over = rules_of(compiled.problem).over(compiled.member_classes[member_class].group)
            rules += [rule for rule in over if rule.policy.hard]
        return rules

    def _group(self, unit: int) -> str:
        """Return the group of a unit's first members, as the file calls it."""
        first = next(iter(self.demand.units[unit]))
        return original(self.demand.compiled.member_classes[first].group)

    # A unit that there is no room for.

    def _of_unit(self, unit: int) -> Iterator[Bottleneck]:
        """Yield the resources that are short on the hosts of a unit, and traits of these hosts."""
        suited, where = self._suited_hosts(unit)
        if not suited.any():
            yield from self._no_host(unit)
            return
        room = np.where(suited, self._room(unit), 0)
        most = min([int(room.sum()), *self._room_by_resource(unit, suited).values()])
        copies_by_room = most / int(self.rest.number[unit])
        if self._runs_out(self.left[unit]) and not self._runs_out(copies_by_room):
            # There is room: other rules keep the unit away.
            yield from self._closed_hosts(unit, room > 0)
        else:
            for resource in self._short_resources(unit, suited):
                yield Bottleneck(
                    kind="resource",
                    name=self.demand.names[resource],
                    sentence=self._resource_sentence(unit, resource, suited, where),
                )
                self.first = False
        yield from self._missing_traits(unit)

    def _suited_hosts(self, unit: int) -> tuple[Mask, str]:
        """Return the hosts that suit a unit, whatever runs there, and words for which these are."""
        compiled = self.demand.compiled
        suited = compiled.fleet.enabled & self._open(unit)
        traits: list[str] = []
        other_rules = not self._open(unit).all()
        for rule in self._rules(unit):
            if not isinstance(rule.policy, HostFilter):
                continue
            suited &= suits(compiled, rule.policy)
            if self.disclosure.allows(rule):
                required = required_traits(rule.policy)
                traits += [trait for trait in required if trait not in traits]
                other_rules = other_rules or not required
        if traits:
            return suited, " on hosts with " + " and ".join(traits)
        return suited, " on hosts that suit it" if other_rules else ""

    def _open(self, unit: int) -> Mask:
        """(H,) bool: the hosts that are not reserved for others than the members of a unit."""
        compiled = self.demand.compiled
        found = np.ones(compiled.fleet.row_count, dtype=np.bool_)
        for member_class in self.demand.units[unit]:
            found &= open_hosts(compiled, compiled.member_classes[member_class].group)
        return found

    def _room(self, unit: int) -> Ints:
        """(H,) int64: how many of a unit each host has room for, whatever the rules say."""
        compiled = self.demand.compiled
        fleet = self.rest.compiled.fleet
        size = self.demand.size[unit]
        slots = fleet.enabled.astype(np.int64) * UNBOUNDED_MEMBERS
        for resource in np.flatnonzero(size).tolist():
            free = fleet.free(self.demand.names[resource])
            slots = np.minimum(slots, free // size[resource])
        for member_class, members in self.demand.units[unit].items():
            of_member = dict(compiled.member_classes[member_class].size)
            slots = np.minimum(slots, fleet.slots(of_member, UNBOUNDED_MEMBERS) // members)
        return np.where(self._open(unit), slots, 0)

    def _short_resources(self, unit: int, hosts: Mask) -> list[int]:
        """Return the resources that are short on most hosts, these first.

        Where none is short on any host: the one that there is room for the fewest units of.
        """
        size = self.demand.size[unit]
        free = {
            resource: self._usable(unit, resource)[hosts]
            for resource in np.flatnonzero(size).tolist()
        }
        hosts_short = {
            resource: int((on_hosts < size[resource]).sum()) for resource, on_hosts in free.items()
        }
        most = max(hosts_short.values(), default=0)
        if not most:
            room = self._room_by_resource(unit, hosts)
            return sorted(free, key=lambda resource: room[resource])[:1]
        least = max(1, min(most, MIN_HOSTS_SHORT * int(hosts.sum())))
        short = [resource for resource, number in hosts_short.items() if number >= least]
        return sorted(short, key=lambda resource: -hosts_short[resource])[:MAX_NAMED]

    def _room_by_resource(self, unit: int, hosts: Mask) -> dict[int, int]:
        """Return how many of a unit some hosts have enough for, by resource; each pool once."""
        size = self.demand.size[unit]
        return {
            resource: self._units_of(unit, resource, hosts)
            for resource in np.flatnonzero(size).tolist()
        }

    def _units_of(self, unit: int, resource: int, hosts: Mask) -> int:
        """Return how many of a unit some hosts have enough of one resource class for."""
        need = int(self.demand.size[unit, resource])
        whole = self._usable(unit, resource) // need
        pools = self.rest.compiled.fleet.pools
        name = self.demand.names[resource]
        numbers = pools.of.get(name)
        if numbers is None:
            return int(whole[hosts].sum())
        shared = np.unique(numbers[hosts & (numbers >= 0)])
        of_pools = pools.free(name)[shared] // need
        return int(whole[hosts & (numbers < 0)].sum()) + int(of_pools.sum())

    def _usable(self, unit: int, resource: int) -> Ints:
        """(H,) int64: what each host has for a unit of one resource class.

        A unit of one member takes it from one cell, where the host has cells of it: whole members
        of each cell, or the most that is free in one, where that is less than a member takes.
        """
        fleet = self.rest.compiled.fleet
        name = self.demand.names[resource]
        free = fleet.free(name)
        table = fleet.cells
        if name not in table.inside or not self._is_one_member(unit):
            return free
        need = int(self.demand.size[unit, resource])
        cells = np.minimum(table.free[name], table.unit[name])
        cells = np.where(table.unit[name] >= need, table.free[name], cells)
        whole = (cells // need).sum(axis=1) * need
        return np.where(table.inside[name], np.maximum(whole, cells.max(axis=1)), free)

    def _is_one_member(self, unit: int) -> bool:
        return sum(self.demand.units[unit].values()) == 1

    def _resource_sentence(self, unit: int, resource: int, hosts: Mask, where: str) -> str:
        group = self._group(unit)
        name = self.demand.names[resource]
        when = "first" if self.first else "next"
        # How much there is, and how much a unit takes at once, would give away rules that may not
        # be named.
        allowed = all(self.disclosure.allows(rule) for rule in self._rules(unit))
        if not self.disclosure.reveal or not allowed:
            return f"{resource_name(name)}{where} runs out {when} for {group}"
        need = int(self.demand.size[unit, resource])
        before = self.demand.compiled.fleet.total_free(name, hosts)
        total_after = self.rest.compiled.fleet.total_free(name, hosts)
        after = self.rest.compiled.fleet.free(name)[hosts]
        usable = self._usable(unit, resource)[hosts]
        short = int((usable < need).sum())
        if short:
            of_hosts = count_of(int(hosts.sum()), "host")
            have = "has" if short == 1 else "have"
            whole = "one member" if self._is_one_member(unit) else "the whole"
            # Of hosts that have the sum, and have it in no cell, the cells are told.
            in_cell = bool((after[usable < need] >= need).any())
            less = f"{have} in no cell the" if in_cell else f"{have} less than the"
            rest = f"and {short:,} of {of_hosts} {less} {quantity(name, need)} "
            rest += f"that {whole} of {group} takes"
        else:
            room = self._units_of(unit, resource, hosts)
            of_copy = int(self.demand.number[unit])
            rest = f"room for {room:,} of {group}, of which a copy has {of_copy:,}"
        left = f"{quantity(name, total_after)} of {quantity(name, before)}"
        copies = count_of(self.copies, "copy", "copies")
        what = f"{resource_name(name)}{where} runs out {when}"
        return f"{what}: {left} are left after {copies}, {rest}"

    def _missing_traits(self, unit: int) -> Iterator[Bottleneck]:
        """Yield the traits that other hosts with room lack."""
        fleet = self.demand.compiled.fleet
        slots = self._room(unit)
        group = self._group(unit)
        for rule in self._rules(unit):
            for trait in required_traits(rule.policy):
                room = int(slots[~fleet.trait(trait)].sum())
                if not room or not self.disclosure.allows(rule):
                    continue
                sentence = f"{trait} is what {group} asks for, and hosts without it have room left"
                if self.disclosure.reveal:
                    number = int((fleet.trait(trait) & fleet.enabled).sum())
                    have = count_of(number, "host has", "hosts have")
                    sentence = f"{trait} is what {group} asks for: {have} it, and others have room "
                    sentence += f"for {room:,} more"
                yield Bottleneck(kind="trait", name=trait, sentence=sentence)

    def _closed_hosts(self, unit: int, with_room: Mask) -> Iterator[Bottleneck]:
        """Yield the rules that keep a unit off hosts with room for it."""
        compiled = self.rest.compiled
        partial = Partial(compiled, np.arange(compiled.fleet.row_count, dtype=np.int64))
        for member_class in self.rest.units[unit]:
            group = compiled.member_classes[member_class].group
            for rule in rules_of(compiled.problem).counting(group):
                policy = rule.policy
                per_host = isinstance(policy, HostFilter)
                if not policy.hard or per_host or not self.disclosure.allows(rule):
                    continue
                closed = np.zeros_like(with_room)
                allowed = policy.allowed(rule.group, group, partial)
                if allowed is not None:
                    closed |= ~allowed
                room = members_per_host(policy, rule.group, partial)
                if room is not None:
                    closed |= room < 1
                if (with_room & closed).any():
                    sentence = f"hosts that have room for {self._group(unit)} are closed to it: "
                    sentence += _in_file_names(policy.describe(original(rule.group)))
                    yield Bottleneck(kind="policy", name=policy.kind, sentence=sentence)

    def _no_host(self, unit: int) -> Iterator[Bottleneck]:
        """Yield the rules that no host in service suits."""
        compiled = self.demand.compiled
        in_service = compiled.fleet.enabled
        if in_service.any() and not (in_service & self._open(unit)).any():
            sentence = f"all hosts that are in service are reserved for others: {self._group(unit)}"
            sentence += " does not require their traits"
            yield Bottleneck(kind="trait", name="reserved_for", sentence=sentence)
        for rule in self._rules(unit):
            policy = rule.policy
            if not isinstance(policy, HostFilter) or not self.disclosure.allows(rule):
                continue
            if (suits(compiled, policy) & compiled.fleet.enabled).any():
                continue
            what = _in_file_names(policy.describe(rule.group))
            sentence = f"no host that is in service suits {self._group(unit)}: {what}"
            required = required_traits(policy)
            if required:
                yield Bottleneck(kind="trait", name=required[0], sentence=sentence)
            else:
                yield Bottleneck(kind="policy", name=policy.kind, sentence=sentence)

    # Too few domains.

    def _short_of_domains(self) -> Iterator[tuple[DomainLimit, Bottleneck]]:
        """Yield the limits for which too few domains have room left."""
        fleet = self.rest.compiled.fleet
        for limit in self.rest.necessary:
            if self.seconds_left() <= 0:
                return
            units = np.flatnonzero(limit.weight)
            if limit.level == HOST and (self.left[units] < 1).any():
                continue  # that there is no room was said already
            slots = np.minimum(self.rest.slots[units], MAX_UNITS_ON_HOST)
            room = (slots * limit.weight[units][:, None]).sum(axis=0)
            codes = fleet.codes(limit.level)
            inside = codes >= 0
            if room[~inside].any():
                continue  # the limit does not bind hosts in no domain
            by_domain = np.bincount(codes[inside], weights=room[inside])
            usable = float(np.minimum(by_domain, limit.high).sum())
            need = float(limit.weight @ self.rest.number)
            if usable + 1e-9 < need:
                with_room = int((by_domain > 0).sum())
                yield limit, self._domains_bottleneck(limit, need, with_room, units)

    def _domains_bottleneck(
        self, limit: DomainLimit, need: float, with_room: int, units: Ints
    ) -> Bottleneck:
        if limit.high < float(limit.weight[units].min()):
            return self._no_domain_bottleneck(limit, need)
        codes = self.rest.compiled.fleet.codes(limit.level)
        domains = int(np.ceil(need / limit.high - 1e-9))
        suited = np.zeros(len(codes), dtype=np.bool_)
        for unit in units.tolist():
            hosts, _ = self._suited_hosts(unit)
            suited |= hosts
        known = len(np.unique(codes[suited & (codes >= 0)]))
        if not self.disclosure.reveal:
            rest = "have a host that suits it" if known < domains else "have room left"
            there_is = f"fewer {rest}"
        elif known < domains:
            there_is = f"{known} {'has' if known == 1 else 'have'} a host that suits it"
        else:
            have = "has" if with_room == 1 else "have"
            there_is = f"{with_room} of {count_of(known, limit.level)} {have} room left"
        needed = count_of(domains, limit.level)
        sentence = f"{limit.level}: each copy needs {needed} for {original(limit.group)}, "
        sentence += f"by {limit.kind}; {there_is}"
        kind: Literal["policy", "level"] = "policy" if limit.level == HOST else "level"
        name = limit.kind if kind == "policy" else limit.level
        return Bottleneck(kind=kind, name=name, sentence=sentence)

    def _no_domain_bottleneck(self, limit: DomainLimit, need: float) -> Bottleneck:
        """Return that a rule allows no member in any domain: too few cannot be shared out."""
        members = count_of(int(need), "member")
        verb = "is" if int(need) == 1 else "are"
        sentence = f"{limit.level}: no {limit.level} may hold a member of {original(limit.group)}, "
        sentence += f"by {limit.kind}: {members} {verb} too few to be shared out as it asks"
        return Bottleneck(kind="policy", name=limit.kind, sentence=sentence)

    # Rules between groups.

    def _rules_between(self) -> list[Rule]:
        """Return the rules of a copy that are about more than single members."""
        return [
            rule
            for rule in rules_of(self.demand.compiled.problem).hard
            if not isinstance(rule.policy, HostFilter) and original(rule.group) != rule.group
        ]

    def _of_rules(self, rules: list[Rule]) -> Iterator[Bottleneck]:
        """Yield rules, where every group by itself has room left."""
        for rule in rules:
            what = _in_file_names(rule.policy.describe(rule.group))
            sentence = "each group by itself has room left, and no further copy was found in "
            sentence += f"which {what}"
            yield Bottleneck(kind="policy", name=rule.policy.kind, sentence=sentence)


def _in_file_names(sentence: str) -> str:
    """Return a sentence about the first copy's groups in the names of the file."""
    return sentence.replace("\0" + "0", "")
