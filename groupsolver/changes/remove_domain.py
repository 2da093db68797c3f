"""The loss of a failure domain: its hosts, the links that end in it, and what runs there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from groupsolver.changes.change import Change, Kind
from groupsolver.model.application import Application, Existing, Group, Members, member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.units import count_of, joined
from groupsolver.model.value import HOST

MAX_MEMBERS_NAMED = 3  # members that are named


@dataclass(frozen=True)
class DomainRemoved(Change):
    """A domain is gone, with its hosts.

    Members of the application that run there are lost, and placed again together with the new
    members. Domains that have no other hosts are gone, too, and so are the links that end at a host
    or domain that is gone: a switch with the domain's name carries nothing any more.

    Attributes
    ----------
    level : str
        May be ``host``.
    name : str
    hosts : tuple of str
    lost : tuple of str
        Ids of the running members that are placed again.
    from_pools : tuple of ((str, str), int)
        What they took of each pool and resource class: it is free for them.
    """

    level: str
    name: str
    hosts: tuple[str, ...]
    lost: tuple[str, ...] = ()
    from_pools: tuple[tuple[tuple[str, str], int], ...] = ()
    kind: ClassVar[Kind] = "remove"

    @classmethod
    def of(cls, level: str, name: str, app: Application[Any], fleet: CompiledFleet) -> Self:
        """Return the loss of a domain; without hosts if the fleet lacks it."""
        hosts = tuple(host.name for host in fleet.index.hosts_in(level, name))
        gone = set(hosts)
        lost = tuple(there.id for there in app.existing if there.host in gone)
        taken: Counter[tuple[str, str]] = Counter()
        for there in app.existing:
            if there.host in gone:
                size = app.resources(there).items()
                for share in fleet.index.pools.shares(fleet.index[there.host], size):
                    taken[share.pool, share.resource] += share.amount
        return cls(level, name, hosts, lost, tuple(taken.items()))

    def describe(self, reveal: bool = True) -> str:
        """Return what is gone, and which members have to be placed again."""
        text = f"{self.level} {self.name}" if reveal else f"one {self.level}"
        text += " is gone"
        if self.level != HOST:
            text += f", with its {count_of(len(self.hosts), 'host')}"
        if self.lost:
            verb = "runs there is" if len(self.lost) == 1 else "run there are"
            count = count_of(len(self.lost), "member")
            names = joined(self.lost, MAX_MEMBERS_NAMED)
            text += f"; {count} that {verb} placed again: {names}"
        return text

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Return the application where the lost members are new ones."""
        gone = set(self.hosts)
        lost = [there for there in app.existing if there.host in gone]
        if not lost:
            return app
        groups = tuple(_with_lost_members(group, lost) for group in app.groups)
        existing = tuple(there for there in app.existing if there.host not in gone)
        return app.model_copy(update={"groups": groups, "existing": existing})

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Remove the hosts, and the links that end at what is gone."""
        ends = set(self.hosts)
        if self.level != HOST:
            ends.add(self.name)
        for level in fleet.index.levels:
            ends |= self._emptied_domains(level, fleet.index)
        index = fleet.index
        index.links = tuple(link for link in index.links if ends.isdisjoint(link.between))
        for name in self.hosts:
            fleet.remove(name)
        returned = {key: -amount for key, amount in self.from_pools}
        fleet.replace_pools(fleet.index.pools.with_more_used(returned))

    def _emptied_domains(self, level: str, index: HostIndex) -> set[str]:
        """Return the domains of a level that have no hosts but those that are gone."""
        gone = set(self.hosts)
        touched = {index.domain(name, level) for name in self.hosts}
        return {
            domain
            for domain in touched
            if domain is not None
            and all(host.name in gone for host in index.hosts_in(level, domain))
        }


def _with_lost_members(group: Group[Any], lost: list[Existing]) -> Group[Any]:
    """Return a group that requests its lost members, apart from those that the file describes."""
    described = {id_ for id_, _ in member_ids(group)}
    again = [
        _as_new(there) for there in lost if there.group == group.name and there.id not in described
    ]
    if not again:
        return group
    return group.model_copy(update={"members": (*group.members, *again)})


def _as_new(there: Existing) -> Members:
    """Return a lost member as a new one; it needs nothing if its size is not known."""
    if there.flavor is not None:
        return Members(id=there.id, flavor=there.flavor, resources=None)
    return Members(id=there.id, flavor=None, resources=there.resources or {})
