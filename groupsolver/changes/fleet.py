"""Changes to the fleet: hosts, what is free on them, and what runs where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from groupsolver.changes.change import Change, Kind
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources
from groupsolver.model.units import count_of, joined, resources_text

MAX_TRAITS_NAMED = 4  # of a host that is added
MAX_HOSTS_NAMED = 3  # of hosts that are added
NEW_NAME_PREFIX = "new-"  # of names of hosts and domains that do not exist yet


@dataclass(frozen=True)
class CapacityFreed(Change):
    """Less of a host's resources is used.

    Attributes
    ----------
    host : Host
        The host as it is before.
    amounts : tuple of (str, int)
        What is freed of each resource class.
    """

    host: Host
    amounts: tuple[tuple[str, int], ...]
    kind: ClassVar[Kind] = "free"

    def describe(self, reveal: bool = True) -> str:
        """Return how much is freed, and where."""
        where = f"{self.host.name}{_in_domains(self.host.domains)}" if reveal else "one host"
        return f"free {resources_text(dict(self.amounts))} on {where}"

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Lower what the host uses; for resource classes of its cells, where most is used."""
        amounts = dict(self.amounts)
        host = _with_cells_freed(fleet.index[self.host.name], amounts)
        fleet.put(_with_used(host, amounts, -1))


@dataclass(frozen=True)
class HostsAdded(Change):
    """More hosts, empty, of a type that the fleet has.

    Attributes
    ----------
    like : str
        An existing host of the type.
    hosts : tuple of Host
        All of them alike, in one place or each in a new domain of its own.
    opened : tuple of str
        Levels at which they are in a new domain that the user named.
    """

    like: str
    hosts: tuple[Host, ...]
    opened: tuple[str, ...] = ()
    kind: ClassVar[Kind] = "add"

    @property
    def quantity(self) -> int:
        """The number of hosts."""
        return len(self.hosts)

    def describe(self, reveal: bool = True) -> str:
        """Return how many hosts, of which type, and where."""
        host = self.hosts[0]
        properties = [resources_text(host.capacity())]
        if reveal:  # traits can be names, too: of aggregates, or of the users of dedicated hosts
            properties += host.traits[:MAX_TRAITS_NAMED]
            if len(host.traits) > MAX_TRAITS_NAMED:
                properties.append("...")
        count = count_of(len(self.hosts), "more host")
        if not reveal:
            return f"{count} ({', '.join(properties)}){self._somewhere()}"
        names = joined([host.name for host in self.hosts], MAX_HOSTS_NAMED)
        return (
            f"{count} like {self.like} ({', '.join(properties)}){self._place()}"
            f", called {names} in the placement"
        )

    def _new_levels(self) -> list[str]:
        """Return the levels at which the first host is in a domain without a name."""
        domains = self.hosts[0].domains
        return [level for level, name in domains.items() if name.startswith(NEW_NAME_PREFIX)]

    def _known_domains(self) -> dict[str, str]:
        """Return the domains of the first host that have a name."""
        new = self._new_levels()
        return {level: name for level, name in self.hosts[0].domains.items() if level not in new}

    def _in_new_domain(self) -> str:
        """Return that the hosts are in a new domain, or each in one of its own; or nothing."""
        new_levels = self._new_levels()
        if not new_levels:
            return ""
        one_place = all(host.domains == self.hosts[0].domains for host in self.hosts)
        each = "" if one_place else " each"
        return f"{each} in another {new_levels[0]}"

    def _somewhere(self) -> str:
        """Return where the hosts are, without names."""
        known = self._known_domains()
        if self._new_levels() or not known:
            return self._in_new_domain()
        return f" in the right {list(known)[-1]}"

    def _place(self) -> str:
        """Return where the hosts are, by the innermost domain that says it."""
        if self.opened:
            return self._in_opened_domains()
        known = self._known_domains()
        if not known:
            return self._in_new_domain()
        level, name = list(known.items())[-1]
        if self._new_levels():
            return f"{self._in_new_domain()} of {level} {name}"
        return f" in {level} {name}"

    def _in_opened_domains(self) -> str:
        """Return where the hosts are if the user named new domains for them."""
        domains = self.hosts[0].domains
        opened = [f"{level} {domains[level]}" for level in self.opened]
        verb = "is" if len(opened) == 1 else "are"
        text = f" in {joined(opened, len(opened))}, which {verb} new"
        existing = [level for level in domains if level not in self.opened]
        if existing:
            innermost = existing[-1]
            text += f", in {innermost} {domains[innermost]}"
        return text

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Add the hosts."""
        for host in self.hosts:
            fleet.put(host)


@dataclass(frozen=True)
class MemberMoved(Change):
    """A running member runs on another host.

    Attributes
    ----------
    id, group : str
        The member, and the group that it is in.
    source, target : str
        Hosts.
    resources : tuple of (str, int)
        What the member uses.
    """

    id: str
    group: str
    source: str
    target: str
    resources: tuple[tuple[str, int], ...]
    kind: ClassVar[Kind] = "move"

    def describe(self, reveal: bool = True) -> str:
        """Return which member moves, and the two hosts."""
        text = f"move {self.id} of {self.group}"
        if reveal:
            text += f" from {self.source} to {self.target}"
        return text

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Return the application with the member on its new host; its cell there is not known."""
        existing = tuple(
            there.model_copy(update={"host": self.target, "cell": None})
            if there.id == self.id
            else there
            for there in app.existing
        )
        return app.model_copy(update={"existing": existing})

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Move what the member uses."""
        amounts: Resources = dict(self.resources)
        fleet.put(_with_used(fleet.index[self.source], amounts, -1))
        fleet.put(_with_used(fleet.index[self.target], amounts, 1))


def _in_domains(domains: dict[str, str]) -> str:
    if not domains:
        return ""
    parts = [f"{level} {name}" for level, name in domains.items()]
    return f" ({', '.join(parts)})"


def emptied(host: Host) -> Host:
    """Return the same host with nothing on it, enabled."""
    return host.emptied().model_copy(update={"enabled": True})


def _with_cells_freed(host: Host, amounts: Resources) -> Host:
    """Return a host whose cells give up what is not used outside them, the fullest first."""
    in_cells = host.used_in_cells()
    for name, amount in amounts.items():
        remaining = amount - host.used.get(name, 0)
        fullest_first = sorted(in_cells.values(), key=lambda used: -used.get(name, 0))
        for used in fullest_first:
            freed = min(remaining, used.get(name, 0))
            if freed > 0:
                used[name] -= freed
                remaining -= freed
    return host.with_used(host.used, in_cells)


def _with_used(host: Host, amounts: Resources, sign: int) -> Host:
    """Return a host that uses more or less, outside its cells: nobody knows in which cell."""
    used = dict(host.used)
    for name, amount in amounts.items():
        used[name] = max(0, used.get(name, 0) + sign * amount)
    return host.with_used(used)
