"""Where each member class may be placed, how many of it and at what price, over all hosts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.eligibility import open_hosts, suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem, MemberClass
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import EVERYONE, Size
from groupsolver.constraints.protocols.fleet_validation import measure_ceiling
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import rules_of
from groupsolver.errors import BadInput, Fault
from groupsolver.model.compiled.arrays import Ints, Mask, exact_sum
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_table import NO_OPENING_COST
from groupsolver.model.result import Objective
from groupsolver.solver.presolve.openings import Opening
from groupsolver.solver.stage import SINGLE_STAGE, Stage

OBJECTIVE_MAX = 2.0**60  # CP-SAT refuses an objective whose terms together could leave 64 bits
SPREAD_POINTS = 1000  # points of a host that is wholly used, under ``spread``


@dataclass(frozen=True)
class Eligibility:
    """What is known of each member class before anything is decided.

    Attributes
    ----------
    objective : {"pack", "spread", "cost"}
    max_members : tuple of (H,) int64, one a member class
        How many members of the class a host may take when no other new member is placed there.
    prices : tuple of (H,) int64, one a member class
        Points of a first member on each host, soft per-host policies included.
    base_prices : tuple of (H,) int64, one a member class
        The same without these policies.
    stage : Stage
    max_new : (H,) int64, optional
        How many new members, of all classes, each host may take in one step of a proof.
    opening_prices : (H,) int64, optional
        Points of each host for its first new member of any class. None where no host costs any.
    openings : tuple of Opening
        Every price of opening domains, with lower bounds. Empty where these are not wanted.
    """

    objective: Objective
    max_members: tuple[Ints, ...]
    prices: tuple[Ints, ...]
    base_prices: tuple[Ints, ...]
    stage: Stage = SINGLE_STAGE
    max_new: Ints | None = None
    opening_prices: Ints | None = None
    openings: tuple[Opening, ...] = ()

    @property
    def extra_member_price(self) -> int:
        """Points by which each new member of a host is dearer than the one before."""
        return SPREAD_POINTS if self.objective == "spread" else 0

    def has_too_few_places(self, compiled: CompiledProblem) -> bool:
        """Return whether the hosts have too little for all members, by counting alone.

        Some member class has more members than all hosts may take of it; or all members together
        take more of a resource class than is free on the hosts that may take any of them. Of 3
        hosts with 2 VCPU free each, 7 members of 1 VCPU take 7 of 6, though no two are alike.
        """
        too_many = any(
            int(max_members.sum()) < member_class.number
            for max_members, member_class in zip(
                self.max_members, compiled.member_classes, strict=True
            )
        )
        return too_many or self._exceeds_free(compiled)

    def _exceeds_free(self, compiled: CompiledProblem) -> bool:
        """Return whether all members take more of some resource class than is free for them."""
        needed: dict[str, int] = {}
        may_take: dict[str, Mask] = {}
        for max_members, member_class in zip(
            self.max_members, compiled.member_classes, strict=True
        ):
            takes_any = max_members > 0
            for name, amount in member_class.size:
                if amount:
                    needed[name] = needed.get(name, 0) + amount * member_class.number
                    known = may_take.get(name)
                    may_take[name] = takes_any if known is None else known | takes_any
        return any(
            total > exact_sum(compiled.fleet.free(name)[may_take[name]])
            for name, total in needed.items()
        )


def host_prices(fleet: CompiledFleet, objective: Objective, taken: Collection[str]) -> Ints:
    """(H,) int64: points of a first member on each host, soft policies aside.

    The member takes some of the resource classes of `taken`.
    """
    if objective == "cost":
        return fleet.cost
    if objective == "spread":
        return SPREAD_POINTS - fleet.free_points(taken)
    return fleet.free_points(taken) + fleet.scarce_points(taken)


def find_eligibility(
    compiled: CompiledProblem, objective: Objective, stage: Stage = SINGLE_STAGE
) -> Eligibility:
    """Find the places and prices of every member class.

    Where the stage minimises a tier, a unit of weight is one point and hosts are free.

    Raises
    ------
    BadInput
        Where costs and weights are so large that a sum over all hosts leaves 64 bits.
    """
    fleet = compiled.fleet
    member_classes = compiled.member_classes
    if stage.target is not None:
        # Under ``cost`` one unit of weight is one point.
        objective = "cost"
        free = np.zeros(fleet.row_count, dtype=np.int64)
        base_prices = tuple(free for _ in member_classes)
    else:
        # Classes that take of the same resources share one array.
        by_resources: dict[frozenset[str], Ints] = {}
        for member_class in member_classes:
            taken = frozenset(name for name, _ in member_class.size)
            if taken not in by_resources:
                by_resources[taken] = host_prices(fleet, objective, taken)
        base_prices = tuple(
            by_resources[frozenset(name for name, _ in member_class.size)]
            for member_class in member_classes
        )
    empty = Partial(compiled, np.arange(fleet.row_count, dtype=np.int64))
    slots = _slots_of_sizes(compiled)
    max_members = tuple(
        _max_members(compiled, one, slots[one.size], empty) for one in member_classes
    )
    penalties = (_per_host_penalties(compiled, one, objective) for one in member_classes)
    prices = tuple(
        base if penalty is None else base + penalty
        for base, penalty in zip(base_prices, penalties, strict=True)
    )
    opening = opening_prices(compiled) if stage.target is None else None
    _check_sums(compiled, objective, max_members, prices, opening)
    return Eligibility(objective, max_members, prices, base_prices, stage, opening_prices=opening)


def opening_prices(compiled: CompiledProblem) -> Ints | None:
    """(H,) int64: points of each host that holds nothing yet, None where no host costs any."""
    price = compiled.problem.app.host_price
    if price is None:
        return None
    fleet = compiled.fleet
    own = fleet.opening_cost
    prices = np.where(own == NO_OPENING_COST, np.int64(price), own)
    prices[fleet.busy] = 0
    for there in compiled.problem.running_members:
        prices[fleet.rows[there.host]] = 0
    return prices if prices.any() else None


def _slots_of_sizes(compiled: CompiledProblem) -> dict[Size, Ints]:
    """(H,) int64 by size: how many members of it each host has room for.

    At most as many as the largest member class of the size has.
    """
    most: dict[Size, int] = {}
    for member_class in compiled.member_classes:
        number = max(most.get(member_class.size, 0), member_class.number)
        most[member_class.size] = number
    return {size: compiled.fleet.slots(dict(size), number) for size, number in most.items()}


def _max_members(
    compiled: CompiledProblem, member_class: MemberClass, slots: Ints, empty: Partial
) -> Ints:
    """(H,) int64: members of the class that each host may take, by its room and hard policies.

    `slots` is (H,) int64: what each host has room for.
    """
    max_members = np.minimum(slots, member_class.number)
    max_members *= open_hosts(compiled, member_class.group)
    for rule in rules_of(compiled.problem).counting(member_class.group):
        if not rule.policy.hard:
            continue
        allowed = rule.policy.allowed(rule.group, member_class.group, empty)
        if allowed is not None:
            max_members *= allowed
        room = members_per_host(rule.policy, rule.group, empty)
        if room is not None:
            np.minimum(max_members, room, out=max_members)
    return max_members


def _per_host_penalties(
    compiled: CompiledProblem, member_class: MemberClass, objective: Objective
) -> Ints | None:
    """(H,) int64: points that soft per-host policies charge for a member of the class, if any."""
    penalties: Ints | None = None
    for rule in rules_of(compiled.problem).counting(member_class.group):
        if not rule.policy.hard and isinstance(rule.policy, HostFilter):
            charged = unit_of(objective) * rule.weight * ~suits(compiled, rule.policy)
            penalties = charged if penalties is None else penalties + charged
    return penalties


def _check_sums(
    compiled: CompiledProblem,
    objective: Objective,
    max_members: tuple[Ints, ...],
    prices: tuple[Ints, ...],
    opening: Ints | None,
) -> None:
    """Refuse prices that CP-SAT could not sum over all hosts.

    This is decided before any host is dropped, so that the answer does not depend on presolve.
    """
    size = compiled.problem.size(EVERYONE)
    places = sum(int(most.sum()) for most in max_members)
    measure = float(places) + size + 1
    hosts = 0.0
    for most, price in zip(max_members, prices, strict=True):
        hosts += float((most * np.abs(price.astype(np.float64))).sum())
    if opening is not None:
        hosts += float(opening.astype(np.float64).sum())
    rules = 0.0
    for rule in rules_of(compiled.problem).soft:
        ceiling = measure_ceiling(rule.policy, compiled.problem.hosts, size)
        points = float(rule.policy.weight or 0) * unit_of(objective)
        rules += points * max(measure, ceiling)
    if hosts + rules > OBJECTIVE_MAX:
        message = "costs and weights, summed over all hosts, leave 64 bits: use smaller numbers"
        where = "hosts" if hosts > rules else "groups"
        raise BadInput([Fault("amount-overflow", where, message)])
