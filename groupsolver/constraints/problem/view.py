"""What the checker looks at: the host of every member. No arrays, and nothing of the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.fleet import Host
from groupsolver.model.memo import Memo


@dataclass(frozen=True)
class PlacedMember:
    """A member, and the name of its host."""

    id: str
    group: str
    host: str
    new: bool


class View(Memo):
    """The running members, and a placement of new ones, over one problem.

    Parameters
    ----------
    problem : Problem
    placement : mapping of str to str
        Member id to host name, both known; empty: the running members alone.
    cells : mapping of str to str, optional
        Cell of each new member that takes anything from a cell of its host, where that is decided.
    witness : mapping of str to mapping of str to str, optional
        By loss, where its lost members find a place as a result has it; see `survives`.
    """

    def __init__(
        self,
        problem: Problem,
        placement: Mapping[str, str],
        cells: Mapping[str, str] | None = None,
        witness: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__()
        self.problem = problem
        self.cells = cells or {}
        self.witness = witness or {}
        running, self._running_below = problem.once("placed", lambda: _running(problem))
        new = [
            PlacedMember(m.id, m.group, placement[m.id], True)
            for m in problem.new_members
            if m.id in placement
        ]
        self._new_below = _by_group(problem, new)
        self._below: dict[str, list[PlacedMember]] = {}
        self.everyone = running + new

    def members(self, group: str) -> list[PlacedMember]:
        """Return all members below a group, each once."""
        if group not in self._below:
            running = self._running_below.get(group, [])
            self._below[group] = running + self._new_below.get(group, [])
        return self._below[group]

    def others(self, group: str) -> list[PlacedMember]:
        """Return the members outside a group."""
        below = self.problem.below[group]
        return [member for member in self.everyone if member.group not in below]

    def host(self, member: PlacedMember) -> Host:
        """Return the host of a member."""
        return self.problem.hosts[member.host]

    def domain(self, member: PlacedMember, level: str) -> str | None:
        """Return the domain of a member's host, or None."""
        return self.problem.hosts.domain(member.host, level)

    def counts(self, group: str, level: str) -> Counter[str]:
        """Count a group's members in each domain that holds any."""
        return count_domains(self, self.members(group), level)

    def without_domain(self, group: str, level: str) -> int:
        """Count a group's members on hosts in no domain of a level."""
        return sum(1 for member in self.members(group) if self.domain(member, level) is None)


def _running(problem: Problem) -> tuple[list[PlacedMember], dict[str, list[PlacedMember]]]:
    """Return the running members, and those below each group; all views of a problem share them."""
    running = [
        PlacedMember(there.id, there.group, there.host, False) for there in problem.running_members
    ]
    return running, _by_group(problem, running)


def _by_group(problem: Problem, members: Iterable[PlacedMember]) -> dict[str, list[PlacedMember]]:
    """Return the members below each group that has any."""
    below: dict[str, list[PlacedMember]] = {}
    for member in members:
        for group in problem.above[member.group]:
            below.setdefault(group, []).append(member)
    return below


def count_domains(view: View, members: list[PlacedMember], level: str) -> Counter[str]:
    """Count members in each domain that holds any of them."""
    domains = (view.domain(member, level) for member in members)
    return Counter(domain for domain in domains if domain is not None)
