"""What keeps one more copy out, in words: read off what the copies that stand leave."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from groupsolver.constraints.eligibility import suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.copies import original
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import HostFilter, required_traits
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.headroom import Scarce
from groupsolver.model.units import count_of, quantity, spoken
from groupsolver.model.value import HOST
from groupsolver.solver.headroom.demand import Ceiling, Demand, demand_of
from groupsolver.solver.headroom.incremental import Stock

MAX_RESOURCES_NAMED = 3  # resources of one unit that are told
FULL = 0.002  # of the copies: where a unit has room for no more than so many, it has run out
NEARLY = 0.1  # of its hosts: a resource that keeps a unit off fewer is not told


@dataclass(frozen=True)
class Discretion:
    """What may be said.

    Parameters
    ----------
    reveal : bool, default True
        How full hosts are, and how many there are.
    own : container of str, optional
        The groups whose rules may be told; None: all.
    """

    reveal: bool = True
    own: Container[str] | None = None

    def of(self, rule: Rule | Ceiling) -> bool:
        """Whether a rule may be told."""
        return self.own is None or original(rule.group) in self.own


def scarce(demand: Demand, stock: Stock, says: Discretion = Discretion()) -> tuple[Scarce, ...]:
    """Say what runs out, what weighs most first."""
    rest = demand_of(CompiledProblem(Problem(stock.application(1), stock.fleet.index), stock.fleet))
    telling = _Telling(demand, rest, len(stock.copies), says)
    found: dict[tuple[str, str], Scarce] = {}
    for one in telling.all():
        found.setdefault((one.kind, one.name), one)
    return tuple(found.values())


class _Telling:
    def __init__(self, demand: Demand, rest: Demand, copies: int, says: Discretion) -> None:
        self.demand, self.rest, self.copies, self.says = demand, rest, copies, says
        room = np.minimum(rest.slots, 2**40).sum(axis=1)
        self.left = room / rest.number  # copies that each unit alone has room for
        self.first = True

    def all(self) -> Iterator[Scarce]:
        order = np.argsort(self.left, kind="stable").tolist()
        blocked = [unit for unit in order if self._little(self.left[unit])]
        walls = dict(self._levels())
        for unit in blocked:
            yield from self._unit(unit)
        yield from (wall for wall, may in walls.items() if may)
        # Rules that may not be told may be all that is in the way.
        if not blocked and not walls and all(map(self.says.of, self._between())):
            yield from self._unit(order[0])
            yield from self._policies()

    def _little(self, copies: float) -> bool:
        return bool(copies < 1 + FULL * self.copies)

    def _rules(self, unit: int) -> list[tuple[int, Rule]]:
        """Give the hard rules over each member class of a unit."""
        compiled = self.demand.compiled
        rules = [
            (member_class, rule)
            for member_class in self.demand.units[unit]
            for rule in rules_of(compiled.problem).over(compiled.member_classes[member_class].group)
        ]
        return [(member_class, rule) for member_class, rule in rules if rule.policy.hard]

    def _unit(self, unit: int) -> Iterator[Scarce]:
        """Tell the resources that keep a unit off the hosts that suit it, and the traits that others lack."""
        mask, where = self._pool(unit)
        member_classes = self.demand.compiled.member_classes
        who = original(member_classes[next(iter(self.demand.units[unit]))].group)
        if not mask.any():
            yield from self._nowhere(unit, who)
            return
        room = np.where(mask, self._room(unit), 0)
        if self._little(self.left[unit]) and not self._little(
            float(room.sum()) / int(self.rest.number[unit])
        ):
            yield from self._closed(unit, who, room > 0)
            yield from self._traits(unit, who)
            return
        for r in self._short(unit, mask):
            yield Scarce(
                kind="resource",
                name=self.demand.names[r],
                sentence=self._resource(unit, r, mask, where, who),
            )
            self.first = False
        yield from self._traits(unit, who)

    def _resource(self, unit: int, r: int, mask: Mask, where: str, who: str) -> str:
        name, need = self.demand.names[r], int(self.demand.size[unit, r])
        when = "first" if self.first else "next"
        # By how much there is, and how much is taken at once, rules that are not told could be told.
        if not self.says.reveal or not all(self.says.of(rule) for _, rule in self._rules(unit)):
            return f"{spoken(name)}{where} runs out {when} for {who}"
        before = int(self.demand.compiled.fleet.free(name)[mask].sum())
        after = self.rest.compiled.fleet.free(name)[mask]
        short, hosts = int((after < need).sum()), number_of(int(mask.sum()), "host", "hosts")
        whole = "one member" if sum(self.demand.units[unit].values()) == 1 else "the whole"
        if short:
            have = "has" if short == 1 else "have"
            rest = f"and {short:,} of {hosts} {have} less than the {quantity(name, need)} that {whole} of {who} takes"
        else:
            room, number = int((after // need).sum()), int(self.demand.number[unit])
            rest = f"room for {room:,} of {who}, of which a copy has {number:,}"
        left = f"{quantity(name, int(after.sum()))} of {quantity(name, before)}"
        copies = number_of(self.copies, "copy", "copies")
        return f"{spoken(name)}{where} runs out {when}: {left} are left after {copies}, {rest}"

    def _short(self, unit: int, mask: Mask) -> list[int]:
        """Give the resources that keep the unit off most hosts, these first; or that of which there is least."""
        size, fleet = self.demand.size[unit], self.rest.compiled.fleet
        after = {r: fleet.free(self.demand.names[r])[mask] for r in np.flatnonzero(size).tolist()}
        short = {r: int((free < size[r]).sum()) for r, free in after.items()}
        most = max(short.values(), default=0)
        if not most:
            return sorted(after, key=lambda r: int((after[r] // size[r]).sum()))[:1]
        least = min(most, NEARLY * int(mask.sum()))
        return sorted((r for r in short if short[r] >= max(1, least)), key=lambda r: -short[r])[
            :MAX_RESOURCES_NAMED
        ]

    def _pool(self, unit: int) -> tuple[Mask, str]:
        """Give the hosts that suit a unit whatever runs on them, and how to say which."""
        compiled = self.demand.compiled
        mask, traits, other = compiled.fleet.ready.copy(), list[str](), False
        for _, rule in self._rules(unit):
            if isinstance(rule.policy, HostFilter):
                mask &= suits(compiled, rule.policy)
                if self.says.of(rule):
                    required = rule.policy.required_traits
                    traits += [trait for trait in required if trait not in traits]
                    other = other or not required
        if traits:
            return mask, " on hosts with " + " and ".join(traits)
        return mask, " on hosts that suit it" if other else ""

    def _room(self, unit: int) -> Ints:
        """(H,) int64: how many of a unit each host has room for, whatever the rules say."""
        compiled, fleet = self.demand.compiled, self.rest.compiled.fleet
        slots = fleet.ready.astype(np.int64) * 2**40
        for r in np.flatnonzero(self.demand.size[unit]).tolist():
            slots = np.minimum(slots, fleet.free(self.demand.names[r]) // self.demand.size[unit, r])
        for member_class, count in self.demand.units[unit].items():
            slots = np.minimum(
                slots, fleet.slots(dict(compiled.member_classes[member_class].size), 2**40) // count
            )
        return slots

    def _traits(self, unit: int, who: str) -> Iterator[Scarce]:
        fleet, slots = self.demand.compiled.fleet, self._room(unit)
        for _, rule in self._rules(unit):
            for trait in required_traits(rule.policy):
                has = fleet.trait(trait) & fleet.ready
                room = int(slots[~fleet.trait(trait)].sum())
                if room and self.says.of(rule):
                    sentence = (
                        f"{trait} is what {who} asks for, and hosts without it have room left"
                    )
                    if self.says.reveal:
                        have = number_of(int(has.sum()), "host has", "hosts have")
                        sentence = f"{trait} is what {who} asks for: {have} it, and others have room for {room:,} more"
                    yield Scarce(kind="trait", name=trait, sentence=sentence)

    def _closed(self, unit: int, who: str, open_: Mask) -> Iterator[Scarce]:
        """Tell the rules that keep a unit off hosts with room for it."""
        compiled = self.rest.compiled
        here = Partial(compiled, np.arange(len(compiled.fleet), dtype=np.int64))
        for member_class in self.rest.units[unit]:
            for rule in rules_of(compiled.problem).counting(
                compiled.member_classes[member_class].group
            ):
                if (
                    not rule.policy.hard
                    or isinstance(rule.policy, HostFilter)
                    or not self.says.of(rule)
                ):
                    continue
                allowed = rule.policy.allowed(
                    rule.group, compiled.member_classes[member_class].group, here
                )
                room = members_per_host(rule.policy, rule.group, here)
                shut = np.zeros_like(open_) if allowed is None else ~allowed
                shut |= False if room is None else room < 1
                if (open_ & shut).any():
                    sentence = f"hosts that have room for {who} are closed to it: {rule.policy.describe(original(rule.group))}"
                    yield Scarce(kind="policy", name=rule.policy.kind, sentence=plain(sentence))

    def _nowhere(self, unit: int, who: str) -> Iterator[Scarce]:
        compiled = self.demand.compiled
        for _, rule in self._rules(unit):
            policy = rule.policy
            some_suit = (
                not isinstance(policy, HostFilter)
                or (suits(compiled, policy) & compiled.fleet.ready).any()
            )
            if some_suit or not self.says.of(rule):
                continue
            required = required_traits(policy)
            sentence = (
                f"no host that is in service suits {who}: {plain(policy.describe(rule.group))}"
            )
            kind: Literal["trait", "policy"] = "trait" if required else "policy"
            yield Scarce(
                kind=kind, name=required[0] if required else policy.kind, sentence=sentence
            )

    def _levels(self) -> Iterator[tuple[Scarce, bool]]:
        """Give the ceilings for which too few domains have room left, and whether each may be told."""
        fleet = self.rest.compiled.fleet
        for one in self.rest.necessary:
            units = np.flatnonzero(one.weight)
            if one.level == HOST and (self.left[units] < 1).any():
                continue  # what is full of room is told already
            need = float(one.weight @ self.rest.number)
            room = (np.minimum(self.rest.slots[units], 2**20) * one.weight[units][:, None]).sum(
                axis=0
            )
            codes = fleet.codes(one.level)
            if room[codes < 0].any():
                continue  # hosts in no domain are not bound
            held = np.bincount(codes[codes >= 0], weights=room[codes >= 0])
            if float(np.minimum(held, one.high).sum()) + 1e-9 < need:
                yield self._wall(one, need, int((held > 0).sum()), codes, units), self.says.of(one)

    def _wall(self, one: Ceiling, need: float, open_: int, codes: Ints, units: Ints) -> Scarce:
        domains, who = int(np.ceil(need / one.high - 1e-9)), original(one.group)
        suited = np.zeros(len(codes), dtype=np.bool_)
        for unit in units.tolist():
            suited |= self._pool(unit)[0]
        known = len(np.unique(codes[suited & (codes >= 0)]))
        noun = count_of(domains, one.level)
        if not self.says.reveal:
            told_ = f"fewer {'have a host that suits it' if known < domains else 'have room left'}"
        elif known < domains:
            told_ = f"{known} {'has' if known == 1 else 'have'} a host that suits it"
        else:
            told_ = f"{open_} of {count_of(known, one.level)} {'has' if open_ == 1 else 'have'} room left"
        sentence = f"{one.level}: each copy needs {noun} for {who}, by {one.kind}; {told_}"
        kind: Literal["policy", "level"] = "policy" if one.level == HOST else "level"
        return Scarce(
            kind=kind, name=one.kind if kind == "policy" else one.level, sentence=sentence
        )

    def _between(self) -> list[Rule]:
        """Give the rules of a copy that are about more than single members."""
        rules = rules_of(self.demand.compiled.problem).hard
        return [
            rule
            for rule in rules
            if not isinstance(rule.policy, HostFilter) and original(rule.group) != rule.group
        ]

    def _policies(self) -> Iterator[Scarce]:
        """Where every group by itself has room left: it is the rules between them."""
        for rule in self._between()[:MAX_RESOURCES_NAMED]:
            sentence = (
                f"each group by itself has room left, and no further copy was found in which "
                f"{rule.policy.describe(rule.group)}"
            )
            yield Scarce(kind="policy", name=rule.policy.kind, sentence=plain(sentence))


def plain(sentence: str) -> str:
    """Give a sentence about the first copy's groups in the names of the file."""
    return sentence.replace("\0" + "0", "")


def number_of(count: int, one: str, many: str) -> str:
    """Give ``"1 copy"``, ``"1,180 copies"``."""
    return f"{count:,} {one if count == 1 else many}"
