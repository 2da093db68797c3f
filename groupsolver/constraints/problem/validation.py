"""Names of an application that must mean something in a fleet: what is wrong, what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from groupsolver.constraints.policy import Policy
from groupsolver.errors import MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.model.application import Application, member_ids
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.nesting import below_of
from groupsolver.model.value import HOST, Refers

SUM_MAX = (
    2**60
)  # of any one resource class, or of all prices: leaves CP-SAT's 64 bits room for arithmetic


def references(policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Give ``(what, path, name)`` of every name in a policy's fields, by their `Refers` marks.

    A name of a domain comes with its level: ``what`` is then ``domain:<level>``.
    """
    for field, info in type(policy).model_fields.items():
        marks = [mark for mark in info.metadata if isinstance(mark, Refers)]
        what = marks[0].what if marks else _item_mark(info.annotation)
        value = getattr(policy, field)
        if what is None or value is None:
            continue
        if isinstance(value, str):
            yield what, field, value
        elif isinstance(value, dict):
            for level, domains in value.items():
                yield "level", f"{field}.{level}", level
                yield from (
                    (f"domain:{level}", f"{field}.{level}[{i}]", name)
                    for i, name in enumerate(domains)
                )
        else:
            yield from ((what, f"{field}[{i}]", name) for i, name in enumerate(value))


def _item_mark(annotation: Any) -> str | None:
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, Refers):
            return mark.what
    found = (_item_mark(inner) for inner in get_args(annotation))
    return next((what for what in found if what is not None), None)


def name_faults(app: Application[Any], hosts: HostIndex) -> tuple[list[Fault], tuple[str, ...]]:
    """Hold an application's names and sums against a fleet.

    Returns
    -------
    (list of Fault, tuple of str)
        What makes the application bad input here, and the warnings.
    """
    faults: list[Fault] = []
    warnings: list[str] = []
    known: dict[str, list[str]] = {}

    def names(what: str) -> list[str]:
        if what not in known:
            known[what] = _names(what, hosts)
        return known[what]

    def hint(what: str, name: str) -> str:
        # To find the nearest name takes long, and policies may name thousands.
        return nearest(name, names(what)) if len(warnings) + len(faults) < MAX_FAULTS_SHOWN else ""

    for i, group in enumerate(app.groups):
        for j, policy in enumerate(group.policies):
            if policy.asks_links and not hosts.links:
                warnings.append(
                    f"groups[{i}].policies[{j}]: the fleet has no links: no host is near another"
                )
            for what, field, name in references(policy):
                path = f"groups[{i}].policies[{j}].{field}"
                if what == "level" and name not in names(what):
                    message = (
                        f"unknown level {name!r}{hint(what, name)}; known: {', '.join(names(what))}"
                    )
                    faults.append(Fault("unknown-level", path, message))
                elif (what == "host" and name not in hosts) or (
                    what == "trait" and name not in names(what)
                ):
                    subject = "no host is called" if what == "host" else "no host has the trait"
                    warnings.append(f"{path}: {subject} {name!r}{hint(what, name)}")
                elif what.startswith("domain:"):
                    level = what.partition(":")[2]
                    if level in names("level") and name not in names(what):
                        warnings.append(f"{path}: {level} has no domain {name!r}{hint(what, name)}")
    faults.extend(_running(app, hosts))
    faults.extend(_unrelated(app))
    faults.extend(_sums(app, hosts))
    return faults, tuple(warnings)


def _names(what: str, hosts: HostIndex) -> list[str]:
    match what.partition(":"):
        case ("level", _, _):
            return [HOST, *hosts.levels]
        case ("host", _, _):
            return hosts.names()
        case ("trait", _, _):
            return hosts.traits()
        case (_, _, level):
            return hosts.domains(level)


def _running(app: Application[Any], hosts: HostIndex) -> Iterator[Fault]:
    """Give the running members on hosts, or in cells, that the fleet lacks."""
    for j, there in enumerate(app.existing):
        if there.host not in hosts:
            message = f"unknown host {there.host!r}{nearest(there.host, hosts.names())}"
            yield Fault("unknown-host", f"existing[{j}].host", message)
        elif there.cell is not None and there.cell not in (known := hosts[there.host].cell_names()):
            message = f"host {there.host!r} has no cell {there.cell!r}{nearest(there.cell, known)}"
            yield Fault("unknown-cell", f"existing[{j}].cell", message)


def _unrelated(app: Application[Any]) -> Iterator[Fault]:
    """Give the policies that name their own group, or one above or below it."""
    below = below_of(app.groups)
    for i, group in enumerate(app.groups):
        for j, policy in enumerate(group.policies):
            target = policy.target
            if target is None:
                continue
            how = "itself" if target == group.name else ""
            how = how or ("a group below it" if target in below[group.name] else "")
            how = how or ("a group above it" if group.name in below[target] else "")
            if how:
                message = f"{policy.kind} must name an unrelated group; {target!r} is {how}"
                yield Fault(
                    "related-group", f"groups[{i}].policies[{j}].{policy.target_key}", message
                )


def _sums(app: Application[Any], hosts: HostIndex) -> Iterator[Fault]:
    sums: dict[str, int] = {}
    for group in app.groups:
        for _, members in member_ids(group):
            for name, amount in app.resources(members).items():
                sums[name] = sums.get(name, 0) + amount
    for name, total in sums.items():
        if total > SUM_MAX:
            message = f"all members together need {total} {name}; expected at most 2**60: use a larger unit"
            yield Fault("amount-overflow", "groups", message)
    number = sum(1 for group in app.groups for _ in member_ids(group)) + len(app.existing)
    # 1000 points a unit of weight.
    policies = [policy for group in app.groups for policy in group.policies]
    priced = sum(
        1000 * (policy.weight or 0) * policy.ceiling_on(hosts, number) for policy in policies
    )
    held = sum(policy.ceiling_on(hosts, number) for policy in policies if policy.hard)
    if held > SUM_MAX:
        yield Fault(
            "amount-overflow",
            "groups",
            "what the policies ask for leaves 64 bits: use smaller amounts",
        )
    if priced > SUM_MAX:
        yield Fault(
            "amount-overflow",
            "groups",
            "the soft policies' weights together leave 64 bits: use smaller weights",
        )
