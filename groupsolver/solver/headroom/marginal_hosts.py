"""What one more host of each type would bring, at the prices of the bound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from groupsolver.constraints.protocols.host_filters import admits
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.headroom import Unlock
from groupsolver.model.units import resources_told
from groupsolver.solver.headroom.bulk import MAX_COPIES, Bulk
from groupsolver.solver.headroom.demand import UNBOUNDED_MEMBERS, Demand
from groupsolver.solver.headroom.knapsack import Knapsacks


def unlocks(demand: Demand, found: Bulk, bound: int) -> tuple[Unlock, ...]:
    """Price an empty host of each type, beside the first of it in the fleet.

    Lagrange's bound with one more host is the bound and what its best filling is worth at the same prices.
    """
    types = _types(demand.compiled.fleet)
    empty = [_empty(hosts[0], number) for number, hosts in enumerate(types)]
    fleet = CompiledFleet(
        Fleet.model_construct(levels=demand.compiled.fleet.levels, hosts=tuple(empty), links=())
    )
    free = np.stack([fleet.free(name) for name in demand.names], axis=1)
    sacks = Knapsacks(free, _slots(demand, fleet, free, empty), demand.size)
    _, _, most = sacks.best(np.tile(found.prices, (len(empty), 1)))
    made = []
    for hosts, host, worth in zip(types, empty, most.tolist(), strict=True):
        rate = round(worth, 3) + 0.0
        like = hosts[0].name
        what = ", ".join([resources_told(host.capacity()), *host.traits])
        brings = f"brings up to {rate:,.2f} copies" if rate else "brings none"
        made.append(
            Unlock(
                like=like,
                hosts=len(hosts),
                rate=rate,
                bound=max(0, math.floor(found.bound + worth) - bound),
                sentence=f"one more empty host like {like} ({what}) {brings}",
            )
        )
    return tuple(sorted(made, key=lambda one: (-one.rate, one.like)))


def _types(fleet: CompiledFleet) -> list[list[Host]]:
    found: dict[Any, list[Host]] = {}
    for host in fleet.index:
        cells = tuple(tuple(sorted(_sizes(cell.inventory))) for cell in host.cells)
        key = tuple(sorted(_sizes(host.inventory))), tuple(sorted(host.traits)), cells
        found.setdefault(key, []).append(host)
    return list(found.values())


def _sizes(inventory: Any) -> list[tuple[str, int, int]]:
    return [(name, one.capacity, one.max_unit or 0) for name, one in inventory.items()]


def _empty(host: Host, number: int) -> Host:
    # Not of the name of any host: policies that name hosts do not mean it.
    return host.emptied().model_copy(update={"name": f"\0{number}", "enabled": True})


def _slots(demand: Demand, fleet: CompiledFleet, free: Ints, hosts: list[Host]) -> Ints:
    """(T, U) int64: how many of each unit a host takes; by room, and by what the host is."""
    compiled = demand.compiled
    found = np.zeros((len(hosts), len(demand.units)), dtype=np.int64)
    for number, unit in enumerate(demand.units):
        slots = np.minimum(UNBOUNDED_MEMBERS, demand.number[number] * MAX_COPIES) * np.ones(
            len(hosts), dtype=np.int64
        )
        some = np.flatnonzero(demand.size[number])
        if len(some):
            slots = np.minimum(slots, (free[:, some] // demand.size[number][some]).min(axis=1))
        for member_class, count in unit.items():
            slots = np.minimum(
                slots,
                fleet.slots(dict(compiled.member_classes[member_class].size), UNBOUNDED_MEMBERS)
                // count,
            )
            rules = [
                rule.policy
                for rule in rules_of(compiled.problem).over(
                    compiled.member_classes[member_class].group
                )
                if rule.policy.hard
            ]
            fits = [all(admits(policy, host) for policy in rules) for host in hosts]
            slots = np.where(fits, slots, 0)
        found[:, number] = slots
    return found
