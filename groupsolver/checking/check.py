"""The independent checker: every policy and every host's room, in plain Python, without ortools."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from groupsolver.checking.arguments import (
    require_application,
    require_fleet,
    require_objective,
    require_placement,
)
from groupsolver.constraints.capacity.host_capacity import lacks
from groupsolver.constraints.capacity.link_capacity import overloads
from groupsolver.constraints.capacity.reservations import closed_hosts
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.used_amounts import require_covered
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.checking import broken_by, witness_of
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.errors import BadInput, Fault, nearest, require_type
from groupsolver.model.application import Application, member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.fleet_in_use import FleetInUse
from groupsolver.model.optional_members import (
    describe_required_members,
    has_optional_members,
    left_out_of,
    requirements,
    without_members,
)
from groupsolver.model.result import Objective, Penalty, Witness

MAX_EXCESSES_NAMED = 3  # places or members that a penalty names
MAX_DETAIL_LENGTH = (
    600  # characters of a penalty's text, about: policies may list thousands of names
)


@dataclass(frozen=True)
class Violation:
    """One hard rule that a placement breaks.

    Attributes
    ----------
    group : str or None
        The policy's group; None for a host's room.
    policy : str
        A kind; ``capacity``, ``disabled``, ``reserved`` or ``members`` where it is no policy.
    sentence : str
        The rule, or what is wrong, in words.
    measure : int
        By how much.
    """

    group: str | None
    policy: str
    sentence: str
    measure: int

    def __str__(self) -> str:
        return f"{self.group or 'fleet'}: {self.policy}: {self.sentence} (by {self.measure})"


@dataclass(frozen=True)
class Verdict:
    """What the checker found: the placement holds if `violations` is empty.

    Attributes
    ----------
    violations : tuple of Violation
    penalties : tuple of Penalty
        What soft policies cost, those with a priority too.
    objective : int
    opening : int
        Points of the objective for hosts that held nothing before.
    tiers : tuple of (int, int)
        Each priority that a policy has, ascending, and what its policies cost together, in units
        of weight.
    witness : dict of str to dict of str to str or None
        By loss, where lost members find a place again; None without `survives`.
    """

    violations: tuple[Violation, ...]
    penalties: tuple[Penalty, ...]
    objective: int
    tiers: tuple[tuple[int, int], ...] = ()
    witness: Witness | None = None
    opening: int = 0

    @property
    def rank(self) -> tuple[int, ...]:
        """What placements are compared by: tier by tier, lower first, then the objective."""
        return (*(cost for _, cost in self.tiers), self.objective)


def check(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | HostIndex | FleetInUse,
    placement: Mapping[str, str],
    *,
    objective: Objective = "pack",
    cells: Mapping[str, str] | None = None,
    witness: Witness | None = None,
) -> Verdict:
    """Hold a placement against every rule.

    Parameters
    ----------
    app : Application
    fleet : Fleet, CompiledFleet, HostIndex or Cluster
        On a cluster, every policy of all that runs is checked, too.
    placement : mapping of str to str
        Host of each new member. A running member may be named, with its own host. Of a group with
        `at_least` members may be left out; policies then speak of the members that are placed.
    objective : {"pack", "spread", "cost"}, default "pack"
    cells : mapping of str to str, optional
        Cell of each new member that takes anything from a cell of its host, as a result has it.
        None: any way to put members into cells will do, and it is searched for.
    witness : dict of str to dict of str to str, optional
        Where `survives` places lost members again, by loss, as a result has it. Each placement is
        held against every rule; one that does not pass, or is missing, is searched for, within a
        number of steps.

    Raises
    ------
    BadInput
        Where application and fleet do not fit each other, or the placement names a member
        or a host that does not exist, or `cells` a member that does not.
    """
    require_application(app)
    require_fleet(fleet)
    require_placement("placement", placement, "member to host")
    require_objective(objective)
    if cells is not None:
        require_placement("cells", cells, "member to cell")
    if witness is not None:
        require_type("witness", witness, Mapping, "a mapping of loss to placement, or None")
        for loss, placed_again in witness.items():
            require_placement(f"witness[{loss!r}]", placed_again, "member to host")
    app, hosts = hosts_with_running(app, fleet)
    problem = Problem(app, hosts)
    require_covered(app, problem.hosts)
    running = {there.id: there.host for there in problem.running_members}
    _known(problem, placement, running, cells or {})
    new = {id_: host for id_, host in placement.items() if id_ not in running}
    missing = tuple(_missing_members(app, new))
    if has_optional_members(app):
        # Policies speak of the members that are placed.
        problem = Problem(without_members(app, left_out_of(app, new)), problem.hosts)
    verdict = judge(problem, new, objective, cells, witness)
    return replace(verdict, violations=(*missing, *verdict.violations))


def _missing_members(app: Application[Any], placement: Mapping[str, str]) -> Iterator[Violation]:
    """Yield the groups with `at_least` of which too few members are placed."""
    if not has_optional_members(app):
        return
    placed_of = {
        group.name: sum(id_ in placement for id_, _ in member_ids(group)) for group in app.groups
    }
    for required in requirements(app):
        placed = sum(placed_of[name] for name in required.below)
        if placed < required.least:
            sentence = describe_required_members(required.group, required.least)
            yield Violation(required.group, "members", sentence, required.least - placed)


def hosts_with_running(
    app: Application[Any], fleet: Fleet | CompiledFleet | HostIndex | FleetInUse
) -> tuple[Application[Any], HostIndex]:
    """Return an application and the look-ups over a fleet, with what runs where it is in use."""
    if isinstance(fleet, FleetInUse):
        app, compiled = fleet.with_running(app)
        return app, compiled.index
    return app, index_of(fleet)


def index_of(fleet: Fleet | CompiledFleet | HostIndex) -> HostIndex:
    """Return the look-ups over a fleet, in whichever form it comes."""
    if isinstance(fleet, Fleet):
        return HostIndex(fleet.levels, fleet.hosts, fleet.links, fleet.pools)
    return fleet.index if isinstance(fleet, CompiledFleet) else fleet


def _known(
    problem: Problem,
    placement: Mapping[str, str],
    running: Mapping[str, str],
    cells: Mapping[str, str],
) -> None:
    """Refuse names that are not known, and running members that are moved. Raises `BadInput`."""
    ids = {member.id for member in problem.new_members} | running.keys()

    def unknown(id_: str, path: str) -> Fault:
        hint = nearest(id_, sorted(ids))
        return Fault("unknown-member", path, f"unknown member {id_!r}{hint}")

    faults = [unknown(id_, f"cells.{id_}") for id_ in cells if id_ not in ids]
    for id_, host in placement.items():
        path = f"placement.{id_}"
        if id_ not in ids:
            faults.append(unknown(id_, path))
        elif host not in problem.hosts:
            hint = nearest(host, problem.hosts.names())
            faults.append(Fault("unknown-host", path, f"unknown host {host!r}{hint}"))
        elif running.get(id_, host) != host:
            message = f"{id_!r} runs on {running[id_]!r} already and is not moved"
            faults.append(Fault("moved-member", path, message))
    if faults:
        raise BadInput(faults)


def judge(
    problem: Problem,
    placement: Mapping[str, str],
    objective: Objective,
    cells: Mapping[str, str] | None = None,
    witness: Witness | None = None,
) -> Verdict:
    """Check a placement of new members over a problem; see `check`."""
    view = View(problem, placement, cells, witness)
    measures = [(rule, rule.policy.violations(rule.group, view)) for rule in rules_of(problem).soft]
    penalties = tuple(_penalty(rule, view, measure) for rule, measure in measures if measure)
    value = value_of(problem, placement, penalties, objective)
    return Verdict(
        violations=tuple(_violations(view, placement, cells)),
        penalties=penalties,
        objective=value,
        tiers=_tiers(measures),
        witness=_witness(view),
        opening=opening_points(problem, placement),
    )


def _violations(
    view: View, placement: Mapping[str, str], cells: Mapping[str, str] | None
) -> Iterator[Violation]:
    """Yield the hard rules that a placement breaks."""
    problem = view.problem
    for member in problem.new_members:
        if member.id not in placement:
            sentence = f"member {member.id} of {member.group} is placed"
            yield Violation(member.group, "members", sentence, 1)
    for lack in lacks(problem, placement, cells):
        yield Violation(None, *lack)
    for closed in closed_hosts(problem, placement):
        yield Violation(None, *closed)
    for overload in overloads(view):
        yield Violation(None, "capacity", *overload)
    before = View(problem, {})
    for rule in rules_of(problem).hard:
        measure = broken_by(rule.policy, rule.group, view, before)
        if measure:
            yield Violation(rule.group, rule.policy.kind, str(rule), measure)


def _tiers(measures: list[tuple[Rule, int]]) -> tuple[tuple[int, int], ...]:
    """Return what the soft policies of each priority cost together, in units of weight."""
    tiers: dict[int, int] = {}
    for rule, measure in measures:
        priority = rule.policy.priority
        if priority is not None:
            tiers[priority] = tiers.get(priority, 0) + (rule.policy.weight or 0) * measure
    return tuple(sorted(tiers.items()))


def _witness(view: View) -> Witness | None:
    """Return the placements that show that policies hold; None where none needs any."""
    found: Witness | None = None
    for rule in rules_of(view.problem).all:
        witness = witness_of(rule.policy, rule.group, view)
        if witness is not None:
            found = {**(found or {}), **witness}
    return found


def _penalty(rule: Rule, view: View, measure: int) -> Penalty:
    """Return what a soft rule costs, in units of weight, and why, in words and not too many."""
    policy = rule.policy
    excesses = list(islice(policy.excesses(rule.group, view), MAX_EXCESSES_NAMED + 1))
    reasons = "; ".join(excesses[:MAX_EXCESSES_NAMED])
    if len(excesses) > MAX_EXCESSES_NAMED:
        reasons += "; and more"
    reasons = _short(reasons, MAX_DETAIL_LENGTH // 2) or f"short by {measure}"
    sentence = _short(str(rule), MAX_DETAIL_LENGTH // 2)
    tier = "" if policy.priority is None else f" (priority {policy.priority})"
    return Penalty(
        group=rule.group,
        policy=policy.kind,
        cost=(policy.weight or 0) * measure,
        detail=f"{sentence}: {reasons}{tier}",
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def unit_of(objective: Objective) -> int:
    """Return the points that one unit of weight costs."""
    return 1 if objective == "cost" else 1000


def price_of(host: Host, objective: Objective, taken: Collection[str]) -> int:
    """Return the points of a first member on a host, which takes some resource classes of it."""
    if objective == "cost":
        return host.cost
    if objective == "spread":
        return 1000 - host.free_points(taken)
    return host.free_points(taken) + host.scarce_points(taken)


def value_of(
    problem: Problem,
    placement: Mapping[str, str],
    penalties: tuple[Penalty, ...],
    objective: Objective,
) -> int:
    """Return the objective of a placement.

    It sums hosts' prices, soft policies, what opening hosts costs and, under ``spread``,
    1000 * (k - 1) points for the k-th new member of each host.
    """
    numbers_of: Counter[tuple[str, frozenset[str]]] = Counter()
    for member in problem.new_members:
        if member.id in placement:
            taken = frozenset(name for name, _ in member.size)
            numbers_of[placement[member.id], taken] += 1
    points = sum(
        number * price_of(problem.hosts[host], objective, taken)
        for (host, taken), number in numbers_of.items()
    )
    if objective == "spread":
        numbers = Counter(placement.values()).values()
        points += 1000 * sum(number * (number - 1) // 2 for number in numbers)
    points += opening_points(problem, placement)
    return points + unit_of(objective) * sum(penalty.cost for penalty in penalties)


def opened_hosts(problem: Problem, placement: Mapping[str, str]) -> dict[str, int]:
    """Return the hosts that a placement opens, and the points of each.

    A host is opened where it takes new members and held nothing before: nothing of any class is in
    use, in its cells neither, and no member runs there. Empty without a `host_price`.
    """
    price = problem.app.host_price
    if price is None:
        return {}
    running = {there.host for there in problem.running_members}
    opened: dict[str, int] = {}
    for name in placement.values():
        host = problem.hosts[name]
        if name in running or host.busy:
            continue
        opened[name] = price if host.opening_cost is None else host.opening_cost
    return opened


def opening_points(problem: Problem, placement: Mapping[str, str]) -> int:
    """Return the points for hosts that a placement opens."""
    return sum(opened_hosts(problem, placement).values())
