"""The independent checker over many copies of one application at once: plain Python, without arrays or ortools.

Policies of a copy speak of its own groups alone, so each copy is judged by itself, as `check` does. What
copies share is judged over all of them: the room of hosts and cells, the links, and domains that a group
of one copy has to itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from groupsolver.checking.check import Violation, judge
from groupsolver.constraints.capacity.host_capacity import lacks_where
from groupsolver.constraints.capacity.link_capacity import added_to, overloaded
from groupsolver.constraints.problem.copies import copied, copies_of, told
from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.exclusivity import Exclusivity
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.network.link_cuts import Domain
from groupsolver.model.result import Cells, Placement


class Together:
    """Copies of an application on a fleet, held against every rule.

    Parameters
    ----------
    app : Application
    hosts : HostIndex
        The fleet without the copies.
    """

    def __init__(self, app: Application[Any], hosts: HostIndex) -> None:
        self.problem = Problem(copies_of(app, 1), hosts)
        self._known: dict[tuple[str, ...], bool] = {}
        self._ids = [member.id for member in self.problem.new_members]
        self._told = [told(id_) for id_ in self._ids]
        self._apart = [
            (rule.group, rule.policy)
            for rule in rules_of(self.problem).hard
            if isinstance(rule.policy, Exclusivity) and rule.group.endswith(copied("", 0))
        ]
        self._links_matter = bool(hosts.links)

    def alone(self, placement: Placement) -> bool:
        """Whether a copy breaks nothing by itself."""
        key = tuple(placement[id_] for id_ in self._told)
        if key not in self._known:
            self._known[key] = not judge(self.problem, self._named(placement), "cost").violations
        return self._known[key]

    def adds(self, placement: Placement) -> Counter[Domain]:
        """Give how many Mbit/s a copy adds on the links that leave each domain."""
        return added_to(View(self.problem, self._named(placement)))

    def _named(self, placement: Placement) -> Placement:
        return {id_: placement[one] for id_, one in zip(self._ids, self._told, strict=True)}

    def broken(self, placed: Sequence[tuple[Placement, Cells]]) -> Iterator[Violation]:
        """Give what all of them break together: nothing, where they hold."""
        for number, (placement, _) in enumerate(placed):
            if not self.alone(placement):
                yield Violation(None, "copy", f"copy {number} breaks a rule by itself", 1)
        yield from self._room(placed)
        yield from self._links(placed)
        yield from self._exclusive([placement for placement, _ in placed])

    def _room(self, placed: Sequence[tuple[Placement, Cells]]) -> Iterator[Violation]:
        landed: dict[str, list[tuple[str, Size]]] = {}
        cells: dict[str, str] = {}
        sizes = [member.size for member in self.problem.new_members]
        for number, (placement, inside) in enumerate(placed):
            for id_, size in zip(self._told, sizes, strict=True):
                landed.setdefault(placement[id_], []).append((copied(id_, number), size))
            cells |= {copied(id_, number): cell for id_, cell in inside.items()}
        yield from (
            Violation(None, *lack)
            for lack in lacks_where(self.problem.hosts, landed, cells or None)
        )

    def _links(self, placed: Sequence[tuple[Placement, Cells]]) -> Iterator[Violation]:
        if self._links_matter:
            added: Counter[Domain] = Counter()
            for placement, _ in placed:
                added.update(self.adds(placement))
            yield from (
                Violation(None, "capacity", *over) for over in overloaded(self.problem.hosts, added)
            )

    def _exclusive(self, placed: Sequence[Placement]) -> Iterator[Violation]:
        """Hold what a group has to itself against the other copies; running members are part of each copy's problem."""
        below = self.problem.below
        for group, policy in self._apart:
            allowed_cohabitants = (
                below[self.problem.project(group)] if policy.admits_project else frozenset[str]()
            )
            owner: dict[str, set[int]] = {}
            strangers: dict[str, set[int]] = {}
            for number, placement in enumerate(placed):
                for member, id_ in zip(self.problem.new_members, self._told, strict=True):
                    domain = self.problem.hosts.domain(placement[id_], policy.exclusive_level)
                    if domain is not None and member.group in below[group]:
                        owner.setdefault(domain, set()).add(number)
                    if domain is not None and member.group not in allowed_cohabitants:
                        strangers.setdefault(domain, set()).add(number)
            for domain in owner.keys() & strangers.keys():
                if len(owner[domain] | strangers[domain]) > 1:
                    yield Violation(
                        group, policy.kind, f"copies share {policy.exclusive_level} {domain}", 1
                    )
