"""The independent checker: every policy and every host's room, in plain Python, without ortools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from groupsolver.constraints.scene import Scene
from groupsolver.constraints.view import View
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.model.application import Application
from groupsolver.model.compiled import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.index import HostIndex
from groupsolver.model.result import Objective, Penalty


@dataclass(frozen=True)
class Violation:
    """One hard rule that a placement breaks.

    Attributes
    ----------
    group : str or None
        The policy's group; None for a host's room.
    policy : str
        A kind; ``capacity``, ``disabled`` or ``members`` for what is no policy.
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
    """What the checker found: nothing, if `violations` is empty."""

    violations: tuple[Violation, ...]
    penalties: tuple[Penalty, ...]
    objective: int


def check(
    app: Application[Any],
    fleet: Fleet | CompiledFleet | HostIndex,
    placement: Mapping[str, str],
    *,
    objective: Objective = "pack",
) -> Verdict:
    """Hold a placement against every rule.

    Parameters
    ----------
    app : Application
    fleet : Fleet, CompiledFleet or HostIndex
    placement : mapping of str to str
        Host of each new member. A running member may be named, with its own host.
    objective : {"pack", "spread", "cost"}, default "pack"

    Raises
    ------
    BadInput
        Where application and fleet do not fit each other, or the placement names a member
        or a host that does not exist.
    """
    known_objective(objective)
    scene = Scene(app, index_of(fleet))
    running = {there.id: there.host for there in scene.standing}
    _known(scene, placement, running)
    new = {id_: host for id_, host in placement.items() if id_ not in running}
    return judge(scene, new, objective)


def index_of(fleet: Fleet | CompiledFleet | HostIndex) -> HostIndex:
    """Give the look-ups over a fleet, in whichever form it comes."""
    if isinstance(fleet, Fleet):
        return HostIndex(fleet.levels, fleet.hosts)
    return fleet.index if isinstance(fleet, CompiledFleet) else fleet


def known_objective(objective: str) -> None:
    """Refuse an objective that there is not. Raises `BadInput`."""
    known = get_args(Objective)
    if objective not in known:
        message = f"expected one of {', '.join(known)}, got {objective!r}{nearest(str(objective), known)}"
        raise BadInput([Fault("wrong-value", "objective", message)])


def _known(scene: Scene, placement: Mapping[str, str], running: Mapping[str, str]) -> None:
    ids = {member.id for member in scene.batch}
    faults = []
    for id_, host in placement.items():
        path = f"placement.{id_}"
        if id_ not in ids and id_ not in running:
            faults.append(Fault("unknown-member", path, f"unknown member {id_!r}{nearest(id_, [*ids, *running])}"))
        elif host not in scene.hosts:
            faults.append(Fault("unknown-host", path, f"unknown host {host!r}{nearest(host, scene.hosts.names())}"))
        elif running.get(id_, host) != host:
            faults.append(Fault("moved-member", path, f"{id_!r} runs on {running[id_]!r} already and is not moved"))
    if faults:
        raise BadInput(faults)


def judge(scene: Scene, placement: Mapping[str, str], objective: Objective) -> Verdict:
    """Check a placement of new members over a scene; see `check`."""
    violations = [
        Violation(member.group, "members", f"member {member.id} of {member.group} is placed", 1)
        for member in scene.batch
        if member.id not in placement
    ]
    violations += _room(scene, placement)
    view, before = View(scene, placement), View(scene, {})
    for rule in scene.hard():
        if measure := rule.policy.broken(rule.group, view, before):
            violations.append(Violation(rule.group, rule.policy.kind, str(rule), measure))
    penalties = penalties_of(scene, view)
    return Verdict(tuple(violations), penalties, value_of(scene, placement, penalties, objective))


def _room(scene: Scene, placement: Mapping[str, str]) -> list[Violation]:
    landed: dict[str, list[tuple[str, dict[str, int]]]] = {}
    for member in scene.batch:
        if member.id in placement:
            landed.setdefault(placement[member.id], []).append((member.id, dict(member.size)))
    found = []
    for name, members in landed.items():
        host = scene.hosts[name]
        if not host.enabled:
            found.append(Violation(None, "disabled", f"nothing new lands on {name}, which is disabled", len(members)))
        if host.overfull:
            found.append(Violation(None, "capacity", f"nothing new lands on {name}, which is over capacity", 1))
        capacity = host.capacity()
        needs: dict[str, int] = {}
        for id_, size in members:
            for resource, amount in size.items():
                needs[resource] = needs.get(resource, 0) + amount
                unit = host.inventory[resource].max_unit if resource in host.inventory else None
                if unit is not None and amount > unit:
                    sentence = f"{name} gives a member at most {unit} {resource}; {id_} takes {amount}"
                    found.append(Violation(None, "capacity", sentence, amount - unit))
        for resource, need in needs.items():
            free = capacity.get(resource, 0) - host.used.get(resource, 0)
            if need > free:
                sentence = f"{name} has {max(0, free)} {resource} free; its new members take {need}"
                found.append(Violation(None, "capacity", sentence, need - free))
    return found


def penalties_of(scene: Scene, view: View) -> tuple[Penalty, ...]:
    """Give what each soft policy costs, in units of weight, without those that cost nothing."""
    found = []
    for rule in scene.soft():
        measure = rule.policy.violations(rule.group, view)
        if measure and rule.policy.weight:
            detail = f"{rule}: short by {measure}"
            cost = rule.policy.weight * measure
            found.append(Penalty(group=rule.group, policy=rule.policy.kind, cost=cost, detail=detail))
    return tuple(found)


def unit_of(objective: Objective) -> int:
    """Give the points that one unit of weight costs."""
    return 1 if objective == "cost" else 1000


def price_of(host: Host, objective: Objective) -> int:
    """Give the points of a first member on a host."""
    if objective == "cost":
        return host.cost
    return host.free_points if objective == "pack" else 1000 - host.free_points


def value_of(scene: Scene, placement: Mapping[str, str], penalties: tuple[Penalty, ...], objective: Objective) -> int:
    """Give the objective of a placement: hosts' prices, members beyond the first, soft policies."""
    points = sum(price_of(scene.hosts[host], objective) for host in placement.values())
    if objective == "spread":
        points += 1000 * (len(placement) - len(set(placement.values())))
    return points + unit_of(objective) * sum(penalty.cost for penalty in penalties)
