"""What a loss of domains takes with it, and what it leaves.

It leaves a fleet, an application that runs, and members to place again.

Plain values, for the checker and the solver alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from groupsolver.constraints.capacity.host_capacity import cells_for, from_cell
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Member, Problem, RunningMember, size_of
from groupsolver.constraints.problem.view import PlacedMember, View
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.protocols.survivability import checked_after_solve
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application, Existing, Group, Members
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.compiled.numa_packing import Undecided
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources
from groupsolver.model.pools.pool import Taken


class Loss(NamedTuple):
    """Domains of one level that fail together, in the order of their names."""

    level: str
    domains: tuple[str, ...]

    def key(self, group: str) -> str:
        """Return what a result's witness calls it."""
        return f"{group}: {self}" if group else str(self)

    def __str__(self) -> str:
        return f"{self.level} {' + '.join(self.domains)}"


class State:
    """A placement as it runs: every member on its host, with what it takes of it.

    Parameters
    ----------
    view : View
        Its cells are taken as given. Where it has none for a host, the new members there are dealt
        out as a result would deal them; where that cannot be done, what they take counts against
        every cell.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        problem = view.problem
        self._running = {there.id: there for there in problem.running_members}
        self._sizes: dict[str, Resources] = {
            there.id: there.resources for there in problem.running_members
        }
        self._sizes |= {member.id: dict(member.size) for member in problem.new_members}
        self._cells = {there.id: there.cell for there in problem.app.existing}
        self._existing: dict[str, Existing] = {}
        self._by_domain: dict[
            tuple[str, str], dict[str | None, list[tuple[int, PlacedMember]]]
        ] = {}

    @classmethod
    def of(cls, view: View) -> State:
        """Return the state of a view; the same object each time."""
        return view.once("state", lambda: cls(view))

    @cached_property
    def hosts(self) -> HostIndex:
        """The hosts, with what the new members take."""
        index = self.view.problem.hosts.copy()
        for host in self.changed:
            index.put(host)
        new = [member for member in self.view.everyone if member.new]
        index.pools = index.pools.with_more_used(self.taken_from_pools(new))
        return index

    def taken_from_pools(self, members: Iterable[PlacedMember], sign: int = 1) -> Taken:
        """Return what members take from the pools of their hosts; less with the sign -1."""
        hosts = self.view.problem.hosts
        taken: dict[tuple[str, str], int] = {}
        if not hosts.pools:
            return taken
        for member in members:
            size = self._sizes[member.id].items()
            for share in hosts.pools.shares(hosts[member.host], size):
                key = share.pool, share.resource
                taken[key] = taken.get(key, 0) + sign * share.amount
        return taken

    @cached_property
    def changed(self) -> list[Host]:
        """The hosts that have new members, with what these take."""
        landed: dict[str, list[str]] = {}
        for member in self.view.everyone:
            if member.new:
                landed.setdefault(member.host, []).append(member.id)
        return [self._filled(self.view.problem.hosts[name], ids) for name, ids in landed.items()]

    def _filled(self, host: Host, ids: list[str]) -> Host:
        cell_of = self._cell_of(host, ids)
        inside = host.cell_classes()
        used, in_cells = dict(host.used), host.used_in_cells()
        for id_ in ids:
            in_cell = in_cells.get(cell_of.get(id_, ""))
            for name, amount in self._sizes[id_].items():
                takes = in_cell if in_cell is not None and name in inside else used
                takes[name] = takes.get(name, 0) + amount
        return host.with_used(used, in_cells)

    def _cell_of(self, host: Host, ids: list[str]) -> Mapping[str, str]:
        """Return the cell of each new member that takes anything from one; nothing if undecided."""
        sizes = [(id_, tuple(sorted(self._sizes[id_].items()))) for id_ in ids]
        given = self.view.cells
        if all(id_ in given for id_, size in sizes if from_cell(host, size)):
            return given
        try:
            return cells_for(host, sizes) or {}
        except Undecided:
            return {}

    def gone(self, loss: Loss) -> set[str]:
        """Return the names of the hosts that a loss takes."""
        hosts = self.view.problem.hosts
        return {host.name for domain in loss.domains for host in hosts.hosts_in(loss.level, domain)}

    def lost(self, group: str, loss: Loss) -> list[PlacedMember]:
        """Return the members of a group that a loss takes: they are to be placed again."""
        by_domain = self._members_by_domain(group, loss.level)
        lost = [one for domain in loss.domains for one in by_domain.get(domain, ())]
        if len(loss.domains) > 1:
            lost.sort(key=lambda numbered: numbered[0])
        return [member for _, member in lost]

    def _members_by_domain(
        self, group: str, level: str
    ) -> dict[str | None, list[tuple[int, PlacedMember]]]:
        """Return a group's members in each domain, numbered in their order; sorted out once."""
        key = group, level
        if key not in self._by_domain:
            by_domain: dict[str | None, list[tuple[int, PlacedMember]]] = {}
            for number, member in enumerate(self.view.members(group)):
                domain = self.view.domain(member, level)
                by_domain.setdefault(domain, []).append((number, member))
            self._by_domain[key] = by_domain
        return self._by_domain[key]

    def left(self, loss: Loss) -> HostIndex:
        """Return the hosts that are left, with what the survivors take of them.

        And with what these reserve of the links, by hard policies.
        """
        index = self.hosts.copy()
        for host in self.gone(loss):
            index.remove(host)
        loads = [
            (rule.group, rule.policy)
            for rule in rules_of(self.view.problem).hard
            if isinstance(rule.policy, LinkLoad)
        ]
        if not loads:
            return index
        survivors = self._survivors(loss)
        running = [member for member in survivors if not member.new]
        new = [member for member in survivors if member.new]
        after = View(
            self._problem(running, new, index),
            {member.id: member.host for member in new},
        )
        reserved = dict(index.reserved)
        for name, policy in loads:
            for domain, mbps in policy.grown(name, after).items():
                reserved[domain] = reserved.get(domain, 0) + mbps
        index.reserved = reserved
        return index

    def after(self, group: str, loss: Loss) -> Problem:
        """Return the question that a loss leaves.

        The lost members of `group` are new in it, and the survivors run.

        Hard policies alone bind it, and no `survives`. Lost members of other groups are gone.
        """
        lost = self.lost(group, loss)
        index = self.left(loss)
        # What lost members took from pools is theirs again where they are placed again.
        index.pools = index.pools.with_more_used(self.taken_from_pools(lost, -1))
        return self._problem(self._survivors(loss), lost, index)

    def whole(
        self, group: str, loss: Loss, stays: Callable[[str, Policy], bool]
    ) -> Application[Any]:
        """Return the same with all new members to be placed, and the hard rules that stay."""
        survivors = [member for member in self._survivors(loss) if not member.new]
        new = [
            PlacedMember(member.id, member.group, "", True)
            for member in self.view.problem.new_members
        ]
        lost = [member for member in self.lost(group, loss) if not member.new]
        app = self._application(survivors, new + lost)
        groups = []
        for one in app.groups:
            policies = tuple(policy for policy in one.policies if stays(one.name, policy))
            groups.append(one.model_copy(update={"policies": policies}))
        return app.model_copy(update={"groups": tuple(groups)})

    def _survivors(self, loss: Loss) -> list[PlacedMember]:
        gone = self.gone(loss)
        return [member for member in self.view.everyone if member.host not in gone]

    def _as_existing(self, member: PlacedMember) -> Existing:
        """Return a member as a running one: the same object each time."""
        if member.id not in self._existing:
            self._existing[member.id] = Existing.model_construct(
                group=member.group,
                id=member.id,
                host=member.host,
                flavor=None,
                resources=self._sizes[member.id],
                cell=self._cells.get(member.id),
            )
        return self._existing[member.id]

    @cached_property
    def _hard_groups(self) -> list[Group[Any]]:
        """The groups without members, and their hard policies but `survives`."""
        groups = []
        for group in self.view.problem.app.groups:
            policies = tuple(
                policy
                for policy in group.policies
                if policy.hard and not checked_after_solve(policy)
            )
            groups.append(group.model_copy(update={"members": (), "policies": policies}))
        return groups

    def _problem(
        self, running: list[PlacedMember], new: list[PlacedMember], index: HostIndex
    ) -> Problem:
        """Return the problem of `_application` on some hosts."""
        app = self._application(running, new)
        by_group: dict[str, list[Member]] = {}
        for member in new:
            one = Member(member.id, member.group, size_of(self._sizes[member.id]))
            by_group.setdefault(member.group, []).append(one)
        in_order = [one for group in app.groups for one in by_group.get(group.name, ())]
        return self.view.problem.with_members(app, index, map(self._as_running, running), in_order)

    def _as_running(self, member: PlacedMember) -> RunningMember:
        """Return a member as one that runs: the same object each time."""
        if member.id not in self._running:
            size = self._sizes[member.id]
            self._running[member.id] = RunningMember(member.id, member.group, member.host, size)
        return self._running[member.id]

    def _application(
        self, running: list[PlacedMember], new: list[PlacedMember]
    ) -> Application[Any]:
        """Return the application with these members, and its hard policies but `survives`."""
        existing = tuple(map(self._as_existing, running))
        members: dict[str, list[Members]] = {}
        for member in new:
            one = Members.model_construct(
                flavor=None, resources=self._sizes[member.id], count=1, id=member.id
            )
            members.setdefault(member.group, []).append(one)
        groups = []
        for group in self._hard_groups:
            own = tuple(members.get(group.name, ()))
            groups.append(group.model_copy(update={"members": own}) if own else group)
        app = self.view.problem.app
        # Whether they find a place is all that is asked, so nothing has a price.
        update = {"groups": tuple(groups), "existing": existing, "host_price": None}
        return app.model_copy(update=update)
