"""Where each member class may land at all, how many of it, and at what price: (H,) arrays over the fleet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.eligibility import suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import EVERYONE
from groupsolver.constraints.protocols.fleet_validation import measure_ceiling
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.relaxation import members_per_host
from groupsolver.constraints.rules import rules_of
from groupsolver.errors import BadInput, Fault
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, Ints
from groupsolver.model.result import Objective
from groupsolver.solver.stage import WHOLE, Stage

OBJECTIVE_MAX = 2.0**60  # CP-SAT refuses an objective whose terms together could leave 64 bits


@dataclass(frozen=True)
class Survey:
    """What is known of each member class before anything is decided.

    Attributes
    ----------
    objective : {"pack", "spread", "cost"}
    most : tuple of (H,) int64, one a member class
        How many of the member class a host may take when nothing else of the batch lands there.
    prices : tuple of (H,) int64, one a member class
        Points of a first member there, soft per-host policies included.
    base : (H,) int64
        The same without them.
    stage : Stage
    """

    objective: Objective
    most: tuple[Ints, ...]
    prices: tuple[Ints, ...]
    base: Ints
    stage: Stage = WHOLE

    @property
    def beyond_first(self) -> int:
        """Points for each member of the batch but the first on a host."""
        return 1000 if self.objective == "spread" else 0


def host_prices(fleet: CompiledFleet, objective: Objective) -> Ints:
    """(H,) int64: points of a first member on each host, soft policies aside."""
    if objective == "cost":
        return fleet.cost
    return fleet.points if objective == "pack" else 1000 - fleet.points


def survey(compiled: CompiledProblem, objective: Objective, stage: Stage = WHOLE) -> Survey:
    """Survey every member class. Where a stage minimises a tier, a unit of weight is one point and hosts are free.

    Raises
    ------
    BadInput
        Where costs and weights are so large that a sum over all hosts leaves 64 bits.
    """
    fleet = compiled.fleet
    base = host_prices(fleet, objective)
    if stage.target is not None:
        objective, base = "cost", np.zeros(len(fleet), dtype=np.int64)
    here = Partial(compiled, np.arange(len(fleet), dtype=np.int64))
    found_most, found_prices = [], []
    for member_class in compiled.member_classes:
        most = fleet.slots(dict(member_class.size), member_class.number)
        prices = base
        for rule in rules_of(compiled.problem).counting(member_class.group):
            if rule.policy.hard:
                allowed = rule.policy.allowed(rule.group, member_class.group, here)
                if allowed is not None:
                    most = np.where(allowed, most, 0)
                room = members_per_host(rule.policy, rule.group, here)
                if room is not None:
                    most = np.minimum(most, room)
            elif isinstance(rule.policy, HostFilter):
                weight = unit_of(objective) * rule.weight
                prices = prices + weight * ~suits(compiled, rule.policy)
        found_most.append(most)
        found_prices.append(prices)
    _sums(compiled, objective, found_most, found_prices)
    return Survey(objective, tuple(found_most), tuple(found_prices), base, stage)


def _sums(
    compiled: CompiledProblem, objective: Objective, most: list[Ints], prices: list[Ints]
) -> None:
    """Refuse prices that CP-SAT could not sum over all hosts: decided before anything is dropped or found."""
    members = float(sum(int(m.sum()) for m in most)) + compiled.problem.size(EVERYONE) + 1
    hosts = sum(
        float((m * np.abs(p.astype(np.float64))).sum()) for m, p in zip(most, prices, strict=True)
    )
    size = compiled.problem.size(EVERYONE)
    unit = unit_of(objective)
    rules = sum(
        float(rule.policy.weight or 0)
        * unit
        * max(members, measure_ceiling(rule.policy, compiled.problem.hosts, size))
        for rule in rules_of(compiled.problem).soft
    )
    if hosts + rules > OBJECTIVE_MAX:
        message = "costs and weights, summed over all hosts, leave 64 bits: use smaller numbers"
        raise BadInput([Fault("amount-overflow", "hosts" if hosts > rules else "groups", message)])
