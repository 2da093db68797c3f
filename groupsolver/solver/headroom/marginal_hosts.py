"""What one more host of each type would bring, at the prices of the bound.

Lagrange's bound with one more host is the bound itself, plus what the best filling of that host is
worth at the same prices.

Example: the bound is 6.0 at the price of 1 copy for a member of 2 VCPU. One more empty host of 5
VCPU is filled with 2 members: it brings at most 2 copies, and the bound is 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from groupsolver.constraints.eligibility import traits_required
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.host_filters import admits
from groupsolver.constraints.rules import rules_of
from groupsolver.model.answers.headroom import MarginalHost
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.inventory import Inventory
from groupsolver.model.units import resources_text
from groupsolver.solver.headroom.bulk import MAX_COPIES, BulkPlacement
from groupsolver.solver.headroom.demand import UNBOUNDED_MEMBERS, Demand
from groupsolver.solver.headroom.knapsack import Knapsacks, no_limit
from groupsolver.solver.headroom.pool_limits import pool_limits, rise_by_pools

# Of an inventory: resource class, capacity, and the most, the least and the steps of a member.
Sizes = tuple[tuple[str, int, int, int, int], ...]
# Inventory, traits, cells, and the traits that it is reserved for.
HostType = tuple[Sizes, tuple[str, ...], tuple[Sizes, ...], tuple[str, ...]]


def marginal_hosts(
    demand: Demand, bulk: BulkPlacement, bound: int, left: Callable[[], float] = no_limit
) -> tuple[MarginalHost, ...] | None:
    """Price an empty host of each type, in the domains of the first of them in the fleet.

    Parameters
    ----------
    demand : Demand
    bulk : BulkPlacement
        Its prices prove its bound.
    bound : int
        The bound of the whole answer.
    left : callable, optional
        Returns the seconds that are left.

    Returns
    -------
    tuple of MarginalHost, or None
        None where the time did not suffice.
    """
    types = _hosts_by_type(demand.compiled.fleet)
    empty = [_empty_host(hosts[0], number) for number, hosts in enumerate(types)]
    levels = demand.compiled.fleet.levels
    pools = demand.compiled.fleet.index.pools.pools
    with_pools = Fleet.model_construct(levels=levels, hosts=tuple(empty), links=(), pools=pools)
    fleet = CompiledFleet(with_pools)
    free = np.stack([fleet.free(name) for name in demand.names], axis=1)
    slots = _slots(demand, fleet, free, empty, left)
    if slots is None:
        return None
    knapsacks = Knapsacks(free, slots, demand.size, left)
    fillings = knapsacks.best(np.tile(bulk.prices, (len(empty), 1)))
    limits = pool_limits(demand)
    found = []
    for hosts, host, worth in zip(types, empty, fillings.bound.tolist(), strict=True):
        most_rate, most_rise = rise_by_pools(limits, host, bound)
        rate = round(min(worth, most_rate), 3) + 0.0  # no negative zero
        like = hosts[0].name
        description = ", ".join([resources_text(host.capacity()), *host.traits])
        brings = f"brings up to {rate:,.2f} copies" if rate else "brings none"
        found.append(
            MarginalHost(
                like=like,
                hosts=len(hosts),
                rate=rate,
                bound=min(most_rise, max(0, math.floor(bulk.bound + worth) - bound)),
                sentence=f"one more empty host like {like} ({description}) {brings}",
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.rate, one.like)))


def _hosts_by_type(fleet: CompiledFleet) -> list[list[Host]]:
    by_type: dict[HostType, list[Host]] = {}
    for host in fleet.index:
        cells = tuple(tuple(sorted(_sizes(cell.inventory))) for cell in host.cells)
        traits = tuple(sorted(host.traits))
        reserved_for = tuple(sorted(host.reserved_for))
        type_ = tuple(sorted(_sizes(host.inventory))), traits, cells, reserved_for
        by_type.setdefault(type_, []).append(host)
    return list(by_type.values())


def _sizes(inventory: dict[str, Inventory]) -> Sizes:
    return tuple(
        (name, one.capacity, one.max_unit or 0, one.min_unit, one.step_size)
        for name, one in inventory.items()
    )


def _empty_host(host: Host, number: int) -> Host:
    # The name is no host's of the fleet: policies that name hosts do not mean it.
    return host.emptied().model_copy(update={"name": f"\0{number}", "enabled": True})


def _slots(
    demand: Demand,
    fleet: CompiledFleet,
    free: Ints,
    hosts: list[Host],
    left: Callable[[], float],
) -> Ints | None:
    """(T, U) int64: how many of each unit a host takes, by its room and by the rules.

    None where the time did not suffice.
    """
    compiled = demand.compiled
    found = np.zeros((len(hosts), len(demand.units)), dtype=np.int64)
    for number, unit in enumerate(demand.units):
        if left() <= 0:
            return None
        most = min(UNBOUNDED_MEMBERS, int(demand.number[number]) * MAX_COPIES)
        slots = np.full(len(hosts), most, dtype=np.int64)
        taken = np.flatnonzero(demand.size[number])
        if len(taken):
            by_resource = free[:, taken] // demand.size[number][taken]
            slots = np.minimum(slots, by_resource.min(axis=1))
        for member_class, members in unit.items():
            one = compiled.member_classes[member_class]
            alone = fleet.slots(dict(one.size), UNBOUNDED_MEMBERS)
            slots = np.minimum(slots, alone // members)
            policies = [
                rule.policy
                for rule in rules_of(compiled.problem).over(one.group)
                if rule.policy.hard
            ]
            if policies:
                slots = np.where([_admitted(policies, host) for host in hosts], slots, 0)
            slots = np.where(fleet.open_to(traits_required(compiled.problem, one.group)), slots, 0)
        found[:, number] = slots
    return found


def _admitted(policies: list[Policy], host: Host) -> bool:
    return all(admits(policy, host) for policy in policies)
