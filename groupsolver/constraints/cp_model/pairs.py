"""Pairs of members that are near each other or not, in the vocabulary of `ModelBuilder`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.model.network.proximity_zones import ProximityZones

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


def all_near(group: str, level: str, near: ProximityZones, builder: ModelBuilder) -> None:
    """Require every new member of a group to be near to every other, running ones too.

    A zone is used only if all that are used are near it. One row a zone says so, by their number,
    in place of a row for each two that are not near.
    """
    open_ = near.reached_by_all(builder.compiled.running(group, level) > 0)
    zones = []
    for zone, count in builder.count(group, level).items():
        if not open_[zone]:
            builder.at_most(count, count.const)
        elif count.vars:
            zones.append(zone)
    uses = builder.uses(group, level)
    found = near.among(np.array(zones, dtype=np.int64))
    most = min(len(zones), builder.compiled.problem.size(group))
    every = _total([uses[zone] for zone in zones], builder)
    for at, zone in enumerate(zones):
        beside = np.flatnonzero(found[at])
        if len(beside) == len(zones):
            continue
        if 2 * len(beside) <= len(zones):
            apart = every.plus(builder.total(uses[zones[other]] for other in beside), -1)
        else:
            apart = builder.total(uses[zones[other]] for other in np.flatnonzero(~found[at]))
        room = min(most, len(zones) - len(beside))
        builder.at_most(apart.plus(uses[zone], room), room)


def pairs_apart(group: str, level: str, near: ProximityZones, builder: ModelBuilder) -> Linear:
    """Count the pairs of a group's members that are not near; exact where it is minimized.

    Half the sum, over members, of how many others are not near. Where no two zones are near, all
    pairs but those inside a zone; n members of a zone are ``0 + 1 + ... + (n - 1)`` pairs.
    """
    size = builder.compiled.problem.size(group)
    counts = builder.count(group, level)
    if near.equivalence:
        inside = []
        for count in counts.values():
            before = count.const
            steps = _steps(count, size, builder)
            inside.append(Linear([], [], before * (before - 1) // 2))
            inside += [step.times(before + at) for at, step in enumerate(steps)]
        return Linear([], [], size * (size - 1) // 2).plus(builder.total(inside), -1)
    zones = list(counts)
    found = near.among(np.array(zones, dtype=np.int64))
    twice = []
    for at, zone in enumerate(zones):
        beside, beyond = np.flatnonzero(found[at]), np.flatnonzero(~found[at])
        if not len(beyond):
            continue
        if len(beside) <= len(beyond):
            apart = Linear([], [], size).plus(
                builder.total(counts[zones[other]] for other in beside), -1
            )
        else:
            apart = builder.total(counts[zones[other]] for other in beyond)
        twice.append(apart.times(counts[zone].const))
        most = min(size, builder.high(apart))
        for step in _steps(counts[zone], size, builder):
            # How many are apart from one member of the zone, if it is there.
            one = builder.number(max(1, most))
            builder.at_most(apart.plus(step, most).plus(Linear([one], [-1])), most)
            twice.append(Linear([one], [1]))
    pairs = builder.number(max(1, size * (size - 1) // 2))
    builder.at_most(builder.total(twice).plus(Linear([pairs], [-2])), 0)
    return Linear([pairs], [1])


def _steps(count: Linear, size: int, builder: ModelBuilder) -> list[Linear]:
    """Return 0 or 1 for each new member that a zone may hold: whether it holds so many."""
    fresh = Linear(count.vars, count.coefs)
    most = min(size - count.const, builder.high(fresh))
    if most <= 1:
        return [fresh] if fresh.vars else []
    steps = [Linear([builder.number(1)], [1]) for _ in range(most)]
    builder.at_most(fresh.plus(builder.total(steps), -1), 0)
    builder.at_most(builder.total(steps).plus(fresh, -1), 0)
    for more, less in zip(steps[1:], steps, strict=False):
        builder.at_most(more.plus(less, -1), 0)
    return steps


def _total(uses: list[Linear], builder: ModelBuilder) -> Linear:
    """Return the sum of many as one variable: it comes in many rows."""
    total = builder.number(max(1, len(uses)))
    builder.at_most(builder.total(uses).plus(Linear([total], [-1])), 0)
    return Linear([total], [1])
