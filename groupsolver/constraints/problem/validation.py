"""Names of an application that must mean something in a fleet: what is wrong, what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple, get_args

from groupsolver.constraints.protocols.fleet_validation import (
    classes_asked_for,
    level_needed,
    measure_ceiling,
    needs_links,
)
from groupsolver.errors import MAX_FAULTS_SHOWN, Fault, nearest
from groupsolver.model.application import Application, BasePolicy, member_ids
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.nesting import below_of
from groupsolver.model.value import HOST, Refers

MAX_HOSTS_SHOWN = 3  # in warnings: that nothing lands on, or that pools name in vain
# The largest sum of any one resource class, or of all prices: leaves CP-SAT's 64 bits room for
# arithmetic.
SUM_MAX = 2**60


class Reference(NamedTuple):
    """A name in a field of a policy.

    Attributes
    ----------
    what : str
        What it names, by the field's `Refers` mark. A domain comes with its level,
        ``domain:rack``, or is ``host`` at that level; it is ``domain`` alone where the policy has
        no level: the name is then looked for at all levels.
    path : str
        The field, and the place in it.
    name : str
    """

    what: str
    path: str
    name: str


def references(policy: BasePolicy) -> Iterator[Reference]:
    """Yield every name in a policy's fields."""
    for field, mark in _marked_fields(type(policy)):
        value = getattr(policy, field)
        if value is None:
            continue
        if isinstance(value, dict) and mark == "level":
            yield from _by_level(field, value)
            continue
        at = policy.at if mark == "domain" else None
        what = mark if at is None else _domain_of(at)
        if isinstance(value, str):
            yield Reference(what, field, value)
        elif isinstance(value, dict):
            for name in value:
                yield Reference(what, f"{field}.{name}", name)
        else:
            for i, name in enumerate(value):
                yield Reference(what, f"{field}[{i}]", name)


@cache
def _marked_fields(kind: type[BasePolicy]) -> tuple[tuple[str, str], ...]:
    """Return the fields of a kind of policy that name something, with what they name."""
    found = []
    for field, info in kind.model_fields.items():
        marks = [mark.what for mark in info.metadata if isinstance(mark, Refers)]
        what = marks[0] if marks else _item_mark(info.annotation)
        if what is not None:
            found.append((field, what))
    return tuple(found)


def _by_level(field: str, domains: dict[str, Any]) -> Iterator[Reference]:
    """Yield the levels of a mapping, and the domains that it names at each."""
    for level, names in domains.items():
        yield Reference("level", f"{field}.{level}", level)
        for i, name in enumerate(names):
            yield Reference(_domain_of(level), f"{field}.{level}[{i}]", name)


def _domain_of(level: str) -> str:
    """Return what a name at a level refers to: each host is a domain of its own level."""
    return HOST if level == HOST else f"domain:{level}"


def levels_named(policy: BasePolicy) -> frozenset[str]:
    """Return the levels that a policy names, wherever in its fields."""
    return frozenset(name for what, _, name in references(policy) if what == "level")


def _item_mark(annotation: Any) -> str | None:
    """Return what the items of a field name, by the first mark inside of its type."""
    for mark in getattr(annotation, "__metadata__", ()):
        if isinstance(mark, Refers):
            return mark.what
    for inner in get_args(annotation):
        found = _item_mark(inner)
        if found is not None:
            return found
    return None


def name_faults(app: Application[Any], hosts: HostIndex) -> tuple[list[Fault], tuple[str, ...]]:
    """Hold an application's names and sums against a fleet.

    Returns
    -------
    (list of Fault, tuple of str)
        What makes the application bad input here, and the warnings.
    """
    found = _Findings(hosts)
    for i, group in enumerate(app.groups):
        for j, policy in enumerate(group.policies):
            path = f"groups[{i}].policies[{j}]"
            if needs_links(policy) and not hosts.links:
                found.warnings.append(f"{path}: the fleet has no links: no host is near another")
            for reference in references(policy):
                found.look_up(reference, path)
            level = level_needed(policy)
            if level is not None and policy.weight is None:
                found.count_hosts_without(level, path)
    for place, field, name in _classes_named(app):
        found.look_up(Reference("class", field, name), place)
    found.faults.extend(_running(app, hosts))
    foreign = list(_of_other_applications(app))
    found.faults.extend(foreign or _unrelated(app))
    if not found.faults:  # a measure is bounded over levels that are known
        found.faults.extend(_sums(app, hosts))
    return found.faults, tuple(found.warnings)


def fleet_warnings(hosts: HostIndex) -> tuple[str, ...]:
    """Return what is odd about a fleet itself: it names hosts, domains and pools."""
    found = _Findings(hosts)
    found.warnings.extend(_closed_to_all(hosts))
    found.look_up_pools()
    return tuple(found.warnings)


class _Findings:
    """Faults and warnings, and the names that a fleet knows, listed when first asked for."""

    def __init__(self, hosts: HostIndex) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self._hosts = hosts
        self._known: dict[str, list[str]] = {}
        self._known_sets: dict[str, frozenset[str]] = {}

    def count_hosts_without(self, level: str, path: str) -> None:
        """Note that a policy says nothing of members on the hosts in no domain of its level."""
        if level not in self._hosts.levels:
            return  # an unknown level is a fault, and every host is in a domain of "host"
        number = self._hosts.number_without(level)
        if number:
            are = f"{number} of {len(self._hosts)} hosts {'is' if number == 1 else 'are'}"
            self.warnings.append(f"{path}: {are} in no {level}: members there are not counted")

    def look_up(self, reference: Reference, policy_path: str) -> None:
        """Note a name that the fleet lacks: a fault where it is a level, else a warning."""
        what, field, name = reference
        path = f"{policy_path}.{field}"
        if self._knows(what, name):
            return
        if what == "level":
            known = ", ".join(self._names(what))
            message = f"unknown level {name!r}{self._hint(what, name)}; known: {known}"
            self.faults.append(Fault("unknown-level", path, message))
            return
        subject = {
            "host": "no host is called",
            "trait": "no host has the trait",
            "class": "no host has the resource class",
            "domain": "no domain is called",
        }.get(what, f"{what.partition(':')[2]} has no domain")
        self.warnings.append(f"{path}: {subject} {name!r}{self._hint(what, name)}")

    def look_up_pools(self) -> None:
        """Note hosts and domains that pools name and the fleet lacks."""
        for number, level, place, name in self._hosts.unknown_in_pools()[:MAX_HOSTS_SHOWN]:
            what = "host" if level == HOST else f"domain:{level}"
            field = f"hosts[{place}]" if level == HOST else f"domains.{level}[{place}]"
            self.look_up(Reference(what, field, name), f"pools[{number}]")

    def _knows(self, what: str, name: str) -> bool:
        if what == "host":
            return name in self._hosts
        if what == "group":
            return True  # the application itself was held against its groups
        level = what.partition(":")[2]
        if level and not self._knows("level", level):
            return True  # the level is the fault
        if what == "class":
            return self._hosts.has_class(name)
        if what == "trait":
            return self._hosts.has_trait(name)
        if what not in self._known_sets:
            self._known_sets[what] = frozenset(self._names(what))
        return name in self._known_sets[what]

    def _names(self, what: str) -> list[str]:
        if what not in self._known:
            self._known[what] = _names(what, self._hosts)
        return self._known[what]

    def _hint(self, what: str, name: str) -> str:
        # To find the nearest name takes long, and policies may name thousands.
        if len(self.warnings) + len(self.faults) >= MAX_FAULTS_SHOWN:
            return ""
        return nearest(name, self._names(what))


def _classes_named(app: Application[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield the resource classes of which members take anything: where, the field, the class."""
    used = {members.flavor for group in app.groups for members in group.members}
    for name, flavor in app.flavors.items():
        if name in used:
            for resource, amount in flavor.resources.items():
                if amount:
                    yield f"flavors.{name}", f"resources.{resource}", resource
    for i, group in enumerate(app.groups):
        for j, members in enumerate(group.members):
            for resource, amount in (members.resources or {}).items():
                if amount:
                    yield f"groups[{i}].members[{j}]", f"resources.{resource}", resource
        for j, policy in enumerate(group.policies):
            for resource in classes_asked_for(policy):
                yield f"groups[{i}].policies[{j}]", f"minimum.{resource}", resource


def _closed_to_all(hosts: HostIndex) -> Iterator[str]:
    """Yield warnings of hosts that are reserved for traits which they have not."""
    for name, trait in islice(hosts.reserved_for_missing(), MAX_HOSTS_SHOWN):
        yield f"host {name!r} is reserved for {trait}, which it has not: nothing new lands there"


def _names(what: str, hosts: HostIndex) -> list[str]:
    match what.partition(":"):
        case ("level", _, _):
            return [HOST, *hosts.levels]
        case ("host", _, _):
            return hosts.names()
        case ("trait", _, _):
            return hosts.traits()
        case ("class", _, _):
            return hosts.resource_classes()
        case ("domain", _, ""):
            return [name for level in hosts.levels for name in hosts.domains(level)]
        case (_, _, level):
            return hosts.domains(level)


def _running(app: Application[Any], hosts: HostIndex) -> Iterator[Fault]:
    """Yield the running members on hosts, or in cells, that the fleet lacks."""
    for j, there in enumerate(app.existing):
        if there.host not in hosts:
            message = f"unknown host {there.host!r}{nearest(there.host, hosts.names())}"
            yield Fault("unknown-host", f"existing[{j}].host", message)
        elif there.cell is not None:
            known = hosts[there.host].cell_names()
            if there.cell not in known:
                hint = nearest(there.cell, known)
                message = f"host {there.host!r} has no cell {there.cell!r}{hint}"
                yield Fault("unknown-cell", f"existing[{j}].cell", message)


def _of_other_applications(app: Application[Any]) -> Iterator[Fault]:
    """Yield the policies that name a group which the application does not have."""
    names = [group.name for group in app.groups]
    known = set(names)
    for i, group in enumerate(app.groups):
        for j, policy in enumerate(group.policies):
            if policy.target is not None and policy.target not in known:
                message = (
                    f"unknown group {policy.target!r}{nearest(policy.target, names)}; groups of "
                    "other applications are known to a cluster that runs them"
                )
                path = f"groups[{i}].policies[{j}].{policy.target_key}"
                yield Fault("unknown-group", path, message)


def _unrelated(app: Application[Any]) -> Iterator[Fault]:
    """Yield the policies that name their own group, or one above or below it."""
    below = below_of(app.groups)
    for i, group in enumerate(app.groups):
        for j, policy in enumerate(group.policies):
            target = policy.target
            if target is None:
                continue
            if target == group.name:
                relation = "itself"
            elif target in below[group.name]:
                relation = "a group below it"
            elif group.name in below[target]:
                relation = "a group above it"
            else:
                continue
            message = f"{policy.kind} must name an unrelated group; {target!r} is {relation}"
            yield Fault("related-group", f"groups[{i}].policies[{j}].{policy.target_key}", message)


def _sums(app: Application[Any], hosts: HostIndex) -> Iterator[Fault]:
    """Yield sums that could leave 64 bits."""
    needed: dict[str, int] = {}
    for group in app.groups:
        for _, members in member_ids(group):
            for name, amount in app.resources(members).items():
                needed[name] = needed.get(name, 0) + amount
    for name, total in needed.items():
        if total > SUM_MAX:
            message = (
                f"all members together need {total} {name}; "
                "expected at most 2**60: use a larger unit"
            )
            yield Fault("amount-overflow", "groups", message)
    new = sum(members.count for group in app.groups for members in group.members)
    number = new + len(app.existing)
    held = priced = 0
    for group in app.groups:
        for policy in group.policies:
            ceiling = measure_ceiling(policy, hosts, number)
            # At 1000 points a unit of weight.
            priced += 1000 * (policy.weight or 0) * ceiling
            held += ceiling if policy.weight is None else 0
    if held > SUM_MAX:
        message = "what the policies ask for leaves 64 bits: use smaller amounts"
        yield Fault("amount-overflow", "groups", message)
    if priced > SUM_MAX:
        message = "the soft policies' weights together leave 64 bits: use smaller weights"
        yield Fault("amount-overflow", "groups", message)
