"""Changes to the fleet: hosts, what is free on them, and what runs where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from groupsolver.changes.change import Change, Kind
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
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
        What is freed of each resource class; of classes of its cells: in the cell that has most
        free then.
    in_cells : tuple of (str, tuple of (str, int))
        What is freed in cells, by the cell's name.
    """

    host: Host
    amounts: tuple[tuple[str, int], ...]
    in_cells: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = ()
    kind: ClassVar[Kind] = "free"

    def describe(self, reveal: bool = True) -> str:
        """Return how much is freed, and where."""
        where = f"{self.host.name}{_in_domains(self.host.domains)}" if reveal else "one host"
        parts = [resources_text(dict(self.amounts))] if self.amounts else []
        for cell, amounts in self.in_cells:
            place = f"cell {cell}" if reveal else "one cell"
            parts.append(f"{resources_text(dict(amounts))} in {place}")
        return f"free {', '.join(parts)} on {where}"

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Lower what the host and its cells use."""
        host = fleet.index[self.host.name]
        for cell, amounts in self.in_cells:
            host = _with_cell_freed(host, cell, dict(amounts))
        inside = host.cell_classes()
        own = {name: amount for name, amount in self.amounts if name not in inside}
        for name, amount in self.amounts:
            if name in inside:
                host = _with_class_freed(host, name, amount)
        fleet.put(_with_used(host, own, -1))


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
    unnamed : tuple of str
        Levels at which each is in a new domain whose name says nothing.
    """

    like: str
    hosts: tuple[Host, ...]
    opened: tuple[str, ...] = ()
    unnamed: tuple[str, ...] = ()
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
        return [level for level in self.hosts[0].domains if level in self.unnamed]

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
    source_cell, target_cell : str or None
        The cells of the hosts in which it runs, where these are known.
    """

    id: str
    group: str
    source: str
    target: str
    resources: tuple[tuple[str, int], ...]
    source_cell: str | None = None
    target_cell: str | None = None
    kind: ClassVar[Kind] = "move"

    def describe(self, reveal: bool = True) -> str:
        """Return which member moves, and the two hosts."""
        text = f"move {self.id} of {self.group}"
        if reveal and self.source == self.target:
            here = "" if self.source_cell is None else f" from cell {self.source_cell}"
            text += f"{here} to cell {self.target_cell} of {self.target}"
        elif reveal:
            text += f" from {self.source} to {self.target}"
            text += f", cell {self.target_cell}" if self.target_cell is not None else ""
        return text

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Return the application with the member on its new host."""
        existing = tuple(
            there.model_copy(update={"host": self.target, "cell": self.target_cell})
            if there.id == self.id
            else there
            for there in app.existing
        )
        return app.model_copy(update={"existing": existing})

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Move what the member uses."""
        amounts: Resources = dict(self.resources)
        fleet.replace_pools(
            fleet.index.pools.with_more_used(
                pool_difference(fleet.index, amounts, self.source, self.target)
            )
        )
        fleet.put(with_member_gone(fleet.index[self.source], self.source_cell, amounts))
        fleet.put(_with_member(fleet.index[self.target], self.target_cell, amounts))


def pool_difference(
    index: HostIndex, amounts: Resources, source: str, target: str | None
) -> dict[tuple[str, str], int]:
    """Return what more is used of pools where a member leaves one host for another, or for none."""
    more: dict[tuple[str, str], int] = {}
    for host, sign in ((source, -1), (target, 1)):
        if host is None:
            continue
        for share in index.pools.shares(index[host], amounts.items()):
            key = share.pool, share.resource
            more[key] = more.get(key, 0) + sign * share.amount
    return more


def with_member_gone(host: Host, cell: str | None, amounts: Resources) -> Host:
    """Return a host, and the cell of it that is named, without what a member uses."""
    inside = host.cell_classes()
    if cell is not None and cell in host.cell_names():
        of_cell = {name: amount for name, amount in amounts.items() if name in inside}
        host = _with_cell_freed(host, cell, of_cell)
        amounts = {name: amount for name, amount in amounts.items() if name not in inside}
    return _with_used(host, amounts, -1)


def _with_member(host: Host, cell: str | None, amounts: Resources) -> Host:
    """Return a host, and the cell of it that is named, with what a member uses."""
    in_cells = host.used_in_cells()
    if cell in in_cells:
        inside = host.cell_classes()
        used = in_cells[cell]
        for name, amount in amounts.items():
            if name in inside:
                used[name] = used.get(name, 0) + amount
        host = host.with_used(host.used, in_cells)
        amounts = {name: amount for name, amount in amounts.items() if name not in inside}
    return _with_used(host, amounts, 1)


def _in_domains(domains: dict[str, str]) -> str:
    if not domains:
        return ""
    parts = [f"{level} {name}" for level, name in domains.items()]
    return f" ({', '.join(parts)})"


def emptied(host: Host) -> Host:
    """Return the same host with nothing on it, enabled."""
    return host.emptied().model_copy(update={"enabled": True})


def _with_cell_freed(host: Host, cell: str, amounts: Resources) -> Host:
    """Return a host of which a cell uses less; what the cell does not use itself, the host does."""
    in_cells = host.used_in_cells()
    used = dict(host.used)
    for name, amount in amounts.items():
        own = min(amount, in_cells[cell].get(name, 0))
        in_cells[cell][name] = in_cells[cell].get(name, 0) - own
        if amount > own:
            used[name] = max(0, used.get(name, 0) - (amount - own))
    return host.with_used(used, in_cells)


def _with_class_freed(host: Host, name: str, amount: int) -> Host:
    """Return a host that uses less of a class of its cells.

    First what runs in an unknown cell: it counts against each. Then in the cell that has most free
    after it.
    """
    unplaced = min(amount, host.used.get(name, 0))
    host = _with_used(host, {name: unplaced}, -1) if unplaced else host
    remaining = amount - unplaced
    while remaining:
        used = host.used_in_cells()
        free = {cell.name: cell.free.get(name, 0) for cell in host.cell_capacities()}
        freed = {cell: min(remaining, amounts.get(name, 0)) for cell, amounts in used.items()}
        best = max(freed, key=lambda cell: (freed[cell] > 0, free[cell] + freed[cell], freed[cell]))
        if not freed[best]:
            return host
        host = _with_cell_freed(host, best, {name: freed[best]})
        remaining -= freed[best]
    return host


def _with_used(host: Host, amounts: Resources, sign: int) -> Host:
    """Return a host that uses more or less, outside its cells: nobody knows in which cell."""
    used = dict(host.used)
    for name, amount in amounts.items():
        used[name] = max(0, used.get(name, 0) + sign * amount)
    return host.with_used(used)
