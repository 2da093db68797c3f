"""Why here: for each placed member, the rules that hold it and what its host costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from groupsolver.checking.arguments import (
    require_application,
    require_fleet,
    require_objective,
    require_placement,
)
from groupsolver.checking.check import hosts_with_running, price_of
from groupsolver.constraints.problem.problem import Problem, Size, size_of
from groupsolver.constraints.problem.used_amounts import require_covered
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from groupsolver.model.fleet_in_use import FleetInUse
from groupsolver.model.result import Objective


@dataclass(frozen=True)
class Why:
    """One member, its host, and what holds it there.

    Attributes
    ----------
    member, group, host : str
    domains : dict of str to str
        Level to domain, of the host.
    cost : int
        Points of a first member on this host, by the objective.
    rules : tuple of str
        Sentences of the policies that look at this member: those of its group, of groups above
        it, and of others that name one of these. Soft ones end in their weight.
    new : bool
        Placed now; otherwise it runs already.
    """

    member: str
    group: str
    host: str
    domains: dict[str, str]
    cost: int
    rules: tuple[str, ...]
    new: bool


def why(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | HostIndex | FleetInUse,
    placement: Mapping[str, str],
    *,
    objective: Objective = "pack",
) -> list[Why]:
    """Explain a placement member by member.

    The new ones in the file's order, then those that run.
    """
    require_application(app)
    require_fleet(fleet)
    require_placement("placement", placement, "member to host")
    require_objective(objective)
    app, hosts = hosts_with_running(app, fleet)
    problem = Problem(app, hosts)
    require_covered(app, hosts)
    book = rules_of(problem)
    # Once for each rule: some look at every group.
    texts = {rule: f"{rule}{rule.policy.softness}" for rule in book.all}
    rules = {
        group: tuple([texts[rule] for rule in book.counting(group)]) for group in problem.groups
    }

    def reason(member: str, group: str, host: str, taken: frozenset[str], new: bool) -> Why:
        domains = dict(hosts[host].domains)
        cost = price_of(hosts[host], objective, taken)
        return Why(member, group, host, domains, cost, rules[group], new)

    placed = [member for member in problem.new_members if member.id in placement]
    return [
        *(
            reason(member.id, member.group, placement[member.id], _taken(member.size), True)
            for member in placed
        ),
        *(
            reason(there.id, there.group, there.host, _taken(size_of(there.resources)), False)
            for there in problem.running_members
        ),
    ]


def _taken(size: Size) -> frozenset[str]:
    """Return the resource classes that a member takes some of."""
    return frozenset(name for name, _ in size)
