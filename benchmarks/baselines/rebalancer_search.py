"""Rebalancer's local search (PyPI ``rebalancer``, Meta), for Python 3.12 and later.

All members begin in a container of their own, which has room for everything, and the first goal is
to empty it; the second is the price of hosts. A group that stands on one host is one object, which
is easier for a search that moves one object at a time. Rules that all groups of a kind have are one
constraint over a partition of objects into groups. Policies other than those of planted batches are
not supported.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.baselines.common import ground_of
from benchmarks.baselines.count_model import Unsupported, spreads_alone
from groupsolver import Affinity, AntiAffinity, Application, CompiledFleet, Limits, Spread
from groupsolver.constraints.eligibility import suited
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.rules import rules_of
from groupsolver.model.result import Objective
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import host_prices

UNPLACED = "unplaced"
COUNT = "members"  # how many members an object is
NEEDS = "needs"  # a dimension for each set of hosts that suits a group
# Of LimitType and ColocateGroupsSpecBound: their names are not taken.
ABSOLUTE = 1
LEAST = 2
# Moves of single objects first, for a share of the time: with swaps beside them, which come next,
# the first moves take several times as long.
STAGES: tuple[tuple[float, list[dict[str, Any]]], ...] = (
    (0.7, [{"singleGreedyMoveTypeSpec": {}}]),
    (
        0.3,
        [{"singleFastMoveTypeSpec": {}}, {"swapMoveTypeSpec": {}}, {"klSearchMoveTypeSpec": {}}],
    ),
)


@dataclass
class Objects:
    """Members as objects: of groups together, all members are one.

    Attributes
    ----------
    ids : dict of str to tuple of str
        The members of each object.
    sizes : dict of str to dict of str to int
        What each object takes.
    groups : dict of str to list of str
        The objects of each group.
    """

    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, group: str, ids: tuple[str, ...], size: dict[str, int]) -> None:
        """Add members to an object, which is new or not."""
        if name not in self.ids:
            self.groups.setdefault(group, []).append(name)
        self.ids[name] = (*self.ids.get(name, ()), *ids)
        taken = self.sizes.setdefault(name, {})
        for resource, amount in size.items():
            taken[resource] = taken.get(resource, 0) + amount * len(ids)


def place(
    app: Application, fleet: CompiledFleet, objective: Objective, limits: Limits
) -> Iterator[tuple[float, dict[str, str]]]:
    """Yield the seconds and the placement once the search has stopped.

    Raises
    ------
    Unsupported
    ImportError
        Where rebalancer is not installed.
    """
    if objective == "spread":
        raise Unsupported("the search has no price for a host's second member")
    start = time.perf_counter()
    compiled = ground_of(app, fleet)
    policies = {group.name: _policy(compiled, group.name) for group in app.groups}
    objects = _objects(compiled, policies)
    solver = _solver(compiled, objects)
    _add_room(solver, compiled, objects)
    _add_suited(solver, compiled, objects)
    _add_rules(solver, objects, policies)
    _add_goals(solver, compiled, objective)
    left = limits.seconds - (time.perf_counter() - start)
    for share, moves in STAGES:
        seconds = max(1, round(share * left))
        search = {"moveTypeList": moves, "solveTime": seconds, "randomSeed": limits.seed}
        solver.add_solver({"localSearchSolverSpec": search})
    assignment: dict[str, str] = solver.solve()["assignment"]
    placement = {
        id_: host
        for name, host in assignment.items()
        if host != UNPLACED
        for id_ in objects.ids[name]
    }
    yield time.perf_counter() - start, placement


def _policy(compiled: CompiledProblem, group: str) -> Policy | None:
    """Return the policy that relates the members of a group."""
    rules = [rule.policy for rule in rules_of(compiled.problem).over(group)]
    relating = [policy for policy in rules if not isinstance(policy, HostFilter)]
    if len(relating) > 1 or any(not policy.hard for policy in relating):
        raise Unsupported(f"{group}: the search is given one hard policy a group")
    return relating[0] if relating else None


def _objects(compiled: CompiledProblem, policies: dict[str, Policy | None]) -> Objects:
    objects = Objects()
    for here in compiled.member_classes:
        if policies[here.group] == Affinity():
            objects.add(here.group, here.group, here.ids, dict(here.size))
            continue
        for id_ in here.ids:
            objects.add(id_, here.group, (id_,), dict(here.size))
    return objects


def _solver(compiled: CompiledProblem, objects: Objects) -> Any:
    """Return a problem in which nothing is placed."""
    fleet = compiled.fleet
    solver = import_module("rebalancer").ProblemSolver("benchmark", "batch")
    solver.set_log_level("ERR")
    solver.disable_solution_summary()
    solver.set_object_name("member").set_container_name(HOST)
    hosts: dict[str, list[str]] = {name: [] for name in fleet.names}
    solver.set_assignment({**hosts, UNPLACED: list(objects.ids)})
    for level in fleet.index.levels:
        # The container of what is not placed is a domain of its own, which no rule counts.
        domains = {name: fleet[name].domains[level] for name in fleet.names}
        solver.add_scope(level, {**domains, UNPLACED: UNPLACED})
    solver.add_object_dimension(COUNT, {name: len(ids) for name, ids in objects.ids.items()})
    return solver


def _add_room(solver: Any, compiled: CompiledProblem, objects: Objects) -> None:
    """Bound what the objects of a host take of each resource."""
    fleet = compiled.fleet
    resources = dict.fromkeys(name for size in objects.sizes.values() for name in size)
    for resource in resources:
        demand = {name: float(size.get(resource, 0)) for name, size in objects.sizes.items()}
        room = np.where([host.enabled for host in fleet], fleet.free(resource).clip(0), 0)
        _add_dimension(solver, compiled, resource, demand, room.astype(float).tolist())


def _add_suited(solver: Any, compiled: CompiledProblem, objects: Objects) -> None:
    """Keep groups on the hosts that suit them: other hosts have no room for what they need."""
    demands: dict[bytes, dict[str, float]] = {}
    rooms: dict[bytes, list[float]] = {}
    for group, names in objects.groups.items():
        mask = suited(compiled, group)
        if not mask.all():
            key = mask.tobytes()
            demands.setdefault(key, {}).update(dict.fromkeys(names, 1.0))
            rooms[key] = (mask * float(len(objects.ids))).tolist()
    for i, key in enumerate(demands):
        _add_dimension(solver, compiled, f"{NEEDS}-{i}", demands[key], rooms[key])


def _add_dimension(
    solver: Any, compiled: CompiledProblem, name: str, demand: dict[str, float], room: list[float]
) -> None:
    rooms = dict(zip(compiled.fleet.names, room, strict=True))
    solver.add_object_dimension(name, demand)
    solver.add_container_dimension(name, {**rooms, UNPLACED: sum(demand.values())})
    capacity = {"name": f"room-{name}", "scope": HOST, "dimension": name}
    solver.add_constraint({"capacitySpec": capacity})


def _add_rules(solver: Any, objects: Objects, policies: dict[str, Policy | None]) -> None:
    """Add one constraint for all groups with the same policy."""
    with_policy: dict[Policy, dict[str, list[str]]] = {}
    for group, names in objects.groups.items():
        policy = policies[group]
        if policy is not None and policy != Affinity():
            with_policy.setdefault(policy, {})[group] = names
    for i, (policy, groups) in enumerate(with_policy.items()):
        partition = f"groups-{i}"
        solver.add_partition(partition, groups)
        solver.add_constraint(_constraint(policy, partition))


def _constraint(policy: Policy, partition: str) -> dict[str, Any]:
    spec: dict[str, Any] = {"partitionName": partition}
    spec["filter"] = {"itemsBlacklist": [UNPLACED]}
    if policy == AntiAffinity():
        spec.update(name="apart", scope=HOST, limit={"type": ABSOLUTE, "globalLimit": 1})
        return {"groupCountSpec": spec}
    if isinstance(policy, Affinity):
        spec.update(
            name="together", scope=policy.level, limits={"type": ABSOLUTE, "globalLimit": 1}
        )
        return {"colocateGroupsSpec": spec}
    if isinstance(policy, Spread) and policy.min_domains and spreads_alone(policy):
        limits = {"type": ABSOLUTE, "globalLimit": policy.min_domains}
        spec.update(name="spread", scope=policy.level, limits=limits, bound=LEAST)
        return {"colocateGroupsSpec": spec}
    raise Unsupported(f"the search has no constraint for {policy.kind}")


def _add_goals(solver: Any, compiled: CompiledProblem, objective: Objective) -> None:
    """Place members first, then prefer cheap hosts, by what a member of the first class pays."""
    to_free = {"name": "place", "containers": [UNPLACED], "dimension": COUNT}
    solver.add_goal({"toFreeSpec": to_free}, 1.0, 0)
    size = dict(compiled.member_classes[0].size)
    prices = host_prices(compiled.fleet, objective, size).tolist()
    affinities = {name: -float(n) for name, n in zip(compiled.fleet.names, prices, strict=True)}
    cheap = {"name": "cheap", "scope": HOST, "dimension": COUNT, "affinities": affinities}
    solver.add_goal({"scopeAffinitiesSpec": cheap}, 1.0, 1)
