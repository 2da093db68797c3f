"""What a checker sees: where every member stands. No arrays, no encoding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from groupsolver.constraints.problem.problem import Scene
from groupsolver.model.fleet import Host

T = TypeVar("T")


@dataclass(frozen=True)
class Placed:
    """A member, and the name of the host that it stands on."""

    id: str
    group: str
    host: str
    new: bool


class View:
    """The running members, and a placement of new ones, over one scene.

    Parameters
    ----------
    scene : Scene
    placement : mapping of str to str
        Member id to host name, both known; empty: the running members alone.
    cells : mapping of str to str, optional
        Cell of each new member that takes anything from a cell of its host, where that is decided.
    witness : mapping of str to mapping of str to str, optional
        By loss, where its lost members are said to find a place; see `survives`.
    """

    def __init__(
        self,
        scene: Scene,
        placement: Mapping[str, str],
        cells: Mapping[str, str] | None = None,
        witness: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.scene = scene
        self.cells = cells or {}
        self.witness = witness or {}
        self._kept: dict[Hashable, object] = {}
        running = [Placed(there.id, there.group, there.host, False) for there in scene.standing]
        new = [Placed(m.id, m.group, placement[m.id], True) for m in scene.batch if m.id in placement]
        self._below: dict[str, list[Placed]] = {group: [] for group in scene.below}
        self.everyone = running + new
        for member in self.everyone:
            for group in scene.above[member.group]:
                self._below[group].append(member)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Give what `make` gives, made when first asked for under a key."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]  # type: ignore[return-value]

    def members(self, group: str) -> list[Placed]:
        """Give all members below a group, each once."""
        return self._below[group]

    def others(self, group: str) -> list[Placed]:
        """Give the members outside a group."""
        below = self.scene.below[group]
        return [member for member in self.everyone if member.group not in below]

    def host(self, member: Placed) -> Host:
        """Give the host that a member stands on."""
        return self.scene.hosts[member.host]

    def domain(self, member: Placed, level: str) -> str | None:
        """Give the domain that a member stands in, or None."""
        return self.scene.hosts.domain(member.host, level)

    def counts(self, group: str, level: str) -> Counter[str]:
        """Count a group's members in each domain that holds any."""
        return count_domains(self, self.members(group), level)

    def adrift(self, group: str, level: str) -> int:
        """Count a group's members on hosts in no domain of a level."""
        return sum(1 for member in self.members(group) if self.domain(member, level) is None)


def count_domains(view: View, members: list[Placed], level: str) -> Counter[str]:
    """Count members in each domain that holds any of them."""
    domains = (view.domain(member, level) for member in members)
    return Counter(domain for domain in domains if domain is not None)
