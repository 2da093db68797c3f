"""What if a failure domain were gone: its hosts, its switch, and what runs there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from groupsolver.changes.change import Change, Kind
from groupsolver.model.application import Application, Existing, Members, member_ids
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.units import count_of, joined
from groupsolver.model.value import HOST

MAX_MEMBERS_NAMED = 3  # members that are named


@dataclass(frozen=True)
class Removed(Change):
    """A domain is gone, with its hosts.

    Members of the application that run there are lost: they are placed again, with all that is new. With
    the hosts go the domains that have no others, and the links that end at any of these: a switch of the
    domain's name carries nothing any more.

    Attributes
    ----------
    level : str
        ``host`` too.
    name : str
    hosts : tuple of str
    lost : tuple of str
        Ids of the running members that are placed again.
    """

    level: str
    name: str
    hosts: tuple[str, ...]
    lost: tuple[str, ...] = ()
    kind: ClassVar[Kind] = "remove"

    @classmethod
    def of(cls, level: str, name: str, app: Application[Any], fleet: CompiledFleet) -> Self:
        """Give what the loss of a domain comes to; without hosts where the fleet lacks it."""
        hosts = tuple(host.name for host in fleet.index.hosts_in(level, name))
        there = set(hosts)
        return cls(level, name, hosts, tuple(one.id for one in app.existing if one.host in there))

    def describe(self, reveal: bool = True) -> str:
        """Say what is gone, and who has to be placed again."""
        told = f"{self.level} {self.name}" if reveal else f"one {self.level}"
        told += " is gone" + (
            f", with its {count_of(len(self.hosts), 'host')}" if self.level != HOST else ""
        )
        if self.lost:
            verb = "runs there is" if len(self.lost) == 1 else "run there are"
            told += f"; {count_of(len(self.lost), 'member')} that {verb} placed again: {joined(self.lost, MAX_MEMBERS_NAMED)}"
        return told

    def on_application(self, app: Application[Any]) -> Application[Any]:
        """Ask for what is lost once more."""
        gone = set(self.hosts)
        lost = [there for there in app.existing if there.host in gone]
        if not lost:
            return app
        groups = []
        for group in app.groups:
            told = {id_ for id_, _ in member_ids(group)}
            again = [
                _again(there)
                for there in lost
                if there.group == group.name and there.id not in told
            ]
            groups.append(
                group.model_copy(update={"members": (*group.members, *again)}) if again else group
            )
        existing = tuple(there for there in app.existing if there.host not in gone)
        return app.model_copy(update={"groups": tuple(groups), "existing": existing})

    def on_fleet(self, fleet: CompiledFleet) -> None:
        """Take the hosts out, and the links to what has none any more."""
        index, gone = fleet.index, set(self.hosts)
        ends = {self.name} if self.level != HOST else set()
        for level in index.levels:
            inside = {domain for name in gone if (domain := index.domain(name, level)) is not None}
            ends |= {
                domain
                for domain in inside
                if all(host.name in gone for host in index.hosts_in(level, domain))
            }
        ends |= gone
        index.links = tuple(link for link in index.links if ends.isdisjoint(link.between))
        for name in self.hosts:
            fleet.remove(name)


def _again(there: Existing) -> Members:
    """Give a lost member as one that is asked for; it takes nothing where it did not say what it takes."""
    resources = there.resources if there.flavor is None else None
    return Members(
        id=there.id, flavor=there.flavor, resources=resources if there.flavor or resources else {}
    )
