"""Changes to what there is: hosts, what is free on them, what runs where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from groupsolver.changes.change import Change, Kind
from groupsolver.model.application import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources
from groupsolver.model.units import count_of, joined, resources_told

TRAITS = 4  # that are told of a host
FRESH = "new-"  # how names of hosts and domains begin that there are not yet


@dataclass(frozen=True)
class Freed(Change):
    """Less of a host's resources is used."""

    host: Host
    amounts: tuple[tuple[str, int], ...]
    kind: ClassVar[Kind] = "free"

    def describe(self, reveal: bool = True) -> str:
        """Say how much, and where."""
        where = f"{self.host.name}{_where(self.host.domains)}" if reveal else "one host"
        return f"free {resources_told(dict(self.amounts))} on {where}"

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Lower what the host uses; of classes of its cells, where most is used."""
        host = fleet.index[self.host.name]
        fleet.update(_used(_cells_freed(host, dict(self.amounts)), dict(self.amounts), -1))


@dataclass(frozen=True)
class Added(Change):
    """More hosts, empty, of a type that there is.

    Attributes
    ----------
    like : str
        A host of the type.
    hosts : tuple of Host
        All of them alike, in one place, or each in a new one of its own.
    opened : tuple of str
        Levels at which they stand in a domain that there was not before, and that has a name.
    """

    like: str
    hosts: tuple[Host, ...]
    opened: tuple[str, ...] = ()
    kind: ClassVar[Kind] = "add"

    def describe(self, reveal: bool = True) -> str:
        """Say how many, of which type, and where."""
        host = self.hosts[0]
        # Traits are names too: of aggregates, of whom they are kept for.
        traits = host.traits if reveal else ()
        what = ", ".join(
            [resources_told(host.capacity()), *traits[:TRAITS], *["..."] * (len(traits) > TRAITS)]
        )
        like = f" like {self.like}" if reveal else ""
        names = (
            f", called {joined([one.name for one in self.hosts], 3)} in the placement"
            if reveal
            else ""
        )
        return (
            f"{count_of(len(self.hosts), 'more host')}{like} ({what}){self._place(reveal)}{names}"
        )

    def _place(self, reveal: bool) -> str:
        domains = self.hosts[0].domains
        fresh = [level for level, name in domains.items() if name.startswith(FRESH)]
        known = {level: name for level, name in domains.items() if level not in fresh}
        each = " each" * any(host.domains != domains for host in self.hosts)
        another = f"{each} in another {fresh[0]}" if fresh else ""
        if not reveal:
            return another or (f" in the right {list(known)[-1]}" if known else "")
        if self.opened:
            new = joined([f"{level} {domains[level]}" for level in self.opened], len(self.opened))
            around = [
                f" in {level} {name}" for level, name in domains.items() if level not in self.opened
            ]
            verb = "is" if len(self.opened) == 1 else "are"
            return f" in {new}, which {verb} new{',' * bool(around)}{(around or [''])[-1]}"
        inside = f" in {list(known)[-1]} {list(known.values())[-1]}" if known and not fresh else ""
        of_known = f" of {list(known)[-1]} {list(known.values())[-1]}" if known and fresh else ""
        return f"{another}{of_known}{inside}"

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Add the hosts."""
        for host in self.hosts:
            fleet.add(host)


@dataclass(frozen=True)
class Moved(Change):
    """A running member stands on another host."""

    id: str
    group: str
    source: str
    target: str
    resources: tuple[tuple[str, int], ...]
    kind: ClassVar[Kind] = "move"

    def describe(self, reveal: bool = True) -> str:
        """Say which, whence and where to."""
        return f"move {self.id} of {self.group}" + (
            f" from {self.source} to {self.target}" if reveal else ""
        )

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Let it run there; nobody knows yet in which cell."""
        existing = tuple(
            there.model_copy(update={"host": self.target, "cell": None})
            if there.id == self.id
            else there
            for there in app.existing
        )
        return app.model_copy(update={"existing": existing})

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Move what it uses."""
        amounts: Resources = dict(self.resources)
        fleet.update(_used(fleet.index[self.source], amounts, -1))
        fleet.update(_used(fleet.index[self.target], amounts, 1))


def _where(domains: dict[str, str]) -> str:
    return (
        " (" + ", ".join(f"{level} {name}" for level, name in domains.items()) + ")"
        if domains
        else ""
    )


def emptied(host: Host) -> Host:
    """Give the same host with nothing on it, enabled."""
    return host.emptied().model_copy(update={"enabled": True})


def _cells_freed(host: Host, amounts: Resources) -> Host:
    """Lower what cells use by what the host does not use outside them."""
    in_cells = host.used_in_cells()
    for name, amount in amounts.items():
        left = amount - host.used.get(name, 0)
        fullest_first = sorted(in_cells.values(), key=lambda used: -used.get(name, 0))
        for used in fullest_first:
            freed = min(left, used.get(name, 0))
            if freed > 0:
                used[name] -= freed
                left -= freed
    return host.with_used(host.used, in_cells)


def _used(host: Host, amounts: Resources, sign: int) -> Host:
    """Give a host that uses more or less; of classes of its cells too, nobody knows in which."""
    used = dict(host.used)
    for name, amount in amounts.items():
        used[name] = max(0, used.get(name, 0) + sign * amount)
    return host.with_used(used)
