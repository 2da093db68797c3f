"""The independent checker over many copies of one application at once.

Plain Python, without arrays or ortools.

Policies of a copy speak of its own groups alone, so each copy is judged by itself, as `check`
does. What copies share is judged over all of them: the room of hosts and cells, the links, and
domains that a group of one copy has to itself.

Copies that are the same object are counted, and judged once: of a million copies few differ.

Where a policy looks at the room that others leave, all copies are judged as one application: a copy
may hold only because others fill a domain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from groupsolver.checking.check import Violation, judge
from groupsolver.constraints.capacity.host_capacity import lacks_where
from groupsolver.constraints.capacity.link_capacity import added_to, overloaded
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.copies import Copy, alike, copied, copies_of, original
from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.conflicts import rests_on_capacity
from groupsolver.constraints.protocols.exclusivity import Exclusivity, admits_project
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.result import Cells, Placement
from groupsolver.model.value import Domain


class Together:
    """Copies of an application on a fleet, held against every rule.

    Parameters
    ----------
    app : Application
    hosts : HostIndex
        The fleet without the copies.
    """

    def __init__(self, app: Application[Any], hosts: HostIndex) -> None:
        self._app = app
        self.problem = Problem(copies_of(app, 1), hosts)
        self._holds: dict[tuple[str, ...], bool] = {}  # by the hosts of a copy's members
        self._ids = [member.id for member in self.problem.new_members]
        self._originals = [original(id_) for id_ in self._ids]
        self._exclusive = [
            (rule.group, rule.policy, rule.policy.exclusive_level)
            for rule in rules_of(self.problem).hard
            if isinstance(rule.policy, Exclusivity) and rule.group.endswith(copied("", 0))
        ]
        self._links_matter = bool(hosts.links)
        self._looks_at_room = any(
            rests_on_capacity(rule.policy) for rule in rules_of(self.problem).hard
        )

    def alone(self, placement: Placement) -> bool:
        """Return whether a copy breaks nothing by itself."""
        key = tuple(placement[id_] for id_ in self._originals)
        if key not in self._holds:
            self._holds[key] = not judge(self.problem, self._named(placement), "cost").violations
        return self._holds[key]

    def adds(self, placement: Placement) -> Counter[Domain]:
        """Return how many Mbit/s a copy adds on the links that leave each domain."""
        return added_to(View(self.problem, self._named(placement)))

    def _named(self, placement: Placement) -> Placement:
        """Return a placement by the names of the one copy that `problem` has."""
        pairs = zip(self._ids, self._originals, strict=True)
        return {id_: placement[one] for id_, one in pairs}

    def broken(self, placed: Sequence[tuple[Placement, Cells]]) -> Iterator[Violation]:
        """Yield what all of them break together: nothing, where they hold."""
        distinct = alike(placed)
        if self._looks_at_room:
            yield from self._as_one(placed)
        else:
            yield from self._by_themselves(distinct)
        yield from self._room(distinct)
        yield from self._links(distinct)
        for group, policy, level in self._exclusive:
            for domain in self._shared(group, policy, level, distinct):
                yield Violation(group, policy.kind, f"copies share {level} {domain}", 1)

    def _by_themselves(self, distinct: Sequence[tuple[Copy, int]]) -> Iterator[Violation]:
        for number, ((placement, _), _) in enumerate(distinct):
            if not self.alone(placement):
                yield Violation(None, "copy", f"copy {number} breaks a rule by itself", 1)

    def _as_one(self, placed: Sequence[tuple[Placement, Cells]]) -> Iterator[Violation]:
        problem = Problem(copies_of(self._app, len(placed)), self.problem.hosts)
        hosts = {
            copied(id_, number): host
            for number, (placement, _) in enumerate(placed)
            for id_, host in placement.items()
        }
        cells = {
            copied(id_, number): cell
            for number, (_, inside) in enumerate(placed)
            for id_, cell in inside.items()
        }
        yield from judge(problem, hosts, "cost", cells or None).violations

    def _room(self, distinct: Sequence[tuple[Copy, int]]) -> Iterator[Violation]:
        landed: dict[str, list[tuple[str, Size]]] = {}
        cells: dict[str, str] = {}
        numbers: dict[str, int] = {}
        sizes = [member.size for member in self.problem.new_members]
        any_cells = not any(inside for (_, inside), _ in distinct)
        has_cells = {host.name for host in self.problem.hosts if host.cells}
        for at, ((placement, inside), number) in enumerate(distinct):
            for id_, size in zip(self._originals, sizes, strict=True):
                host = placement[id_]
                on_host = landed.setdefault(host, [])
                name = copied(id_, at)
                if any_cells and host in has_cells:
                    # Which cell each goes into is searched for: each of them counts.
                    on_host += [(f"{name}.{one}", size) for one in range(number)]
                else:
                    on_host.append((name, size))
                    numbers[name] = number
            cells |= {copied(id_, at): cell for id_, cell in inside.items()}
        for lack in lacks_where(self.problem.hosts, landed, cells or None, numbers):
            yield Violation(None, *lack)

    def _links(self, distinct: Sequence[tuple[Copy, int]]) -> Iterator[Violation]:
        if not self._links_matter:
            return
        added: Counter[Domain] = Counter()
        for (placement, _), number in distinct:
            for domain, mbps in self.adds(placement).items():
                added[domain] += number * mbps
        for overload in overloaded(self.problem.hosts, added):
            yield Violation(None, "capacity", *overload)

    def _shared(
        self, group: str, policy: Policy, level: str, distinct: Sequence[tuple[Copy, int]]
    ) -> set[str]:
        """Return the domains that a group of one copy shares with another copy.

        Running members, and the copy's own other groups, are part of each copy's problem.
        """
        problem = self.problem
        cohabitants = frozenset[str]()  # groups whose members of another copy are no strangers
        if admits_project(policy):
            cohabitants = problem.below[problem.project(group)]
        owners: dict[str, set[int]] = {}  # by domain: the copies whose group is in it
        strangers: dict[str, set[int]] = {}
        repeated: set[int] = set()
        for number, ((placement, _), times) in enumerate(distinct):
            if times > 1:
                repeated.add(number)
            for member, id_ in zip(problem.new_members, self._originals, strict=True):
                domain = problem.hosts.domain(placement[id_], level)
                if domain is None:
                    continue
                if member.group in problem.below[group]:
                    owners.setdefault(domain, set()).add(number)
                if member.group not in cohabitants:
                    strangers.setdefault(domain, set()).add(number)
        both = owners.keys() & strangers.keys()
        return {
            domain
            for domain in both
            if len(owners[domain] | strangers[domain]) > 1
            or owners[domain] & strangers[domain] & repeated
        }
