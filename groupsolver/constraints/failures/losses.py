"""What a loss of domains takes with it, and what is left: a fleet, an application, members to place again.

Plain values, for the checker and the solver alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from groupsolver.constraints.capacity.host_capacity import dealt, from_cell
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import PlacedMember, View
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.protocols.survivability import checked_after_solve
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application, Existing, Members
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.compiled.numa_packing import Undecided
from groupsolver.model.fleet import Host
from groupsolver.model.inventory import Resources


class Loss(NamedTuple):
    """Domains of one level that fail together, in the order of their names."""

    level: str
    domains: tuple[str, ...]

    def key(self, group: str) -> str:
        """Give what a result's witness calls it."""
        return f"{group}: {self}" if group else str(self)

    def __str__(self) -> str:
        return f"{self.level} {' + '.join(self.domains)}"


class State:
    """A placement as it runs: every member where it stands, with what it takes of its host.

    Parameters
    ----------
    view : View
        Its cells are taken as told. Where it tells none for a host, the new members there are dealt
        out as a result would; where that cannot be done, what they take counts against every cell.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        problem = view.problem
        self._sizes: dict[str, Resources] = {
            there.id: there.resources for there in problem.running_members
        }
        self._sizes |= {member.id: dict(member.size) for member in problem.new_members}
        self._cells = {there.id: there.cell for there in problem.app.existing}

    @cached_property
    def hosts(self) -> HostIndex:
        """The hosts, with what the new members take."""
        index = self.view.problem.hosts.copy()
        for host in self.changed:
            index.put(host)
        return index

    @cached_property
    def changed(self) -> list[Host]:
        """The hosts on which new members stand, with what these take."""
        landed: dict[str, list[str]] = {}
        for member in self.view.everyone:
            if member.new:
                landed.setdefault(member.host, []).append(member.id)
        return [self._filled(self.view.problem.hosts[name], ids) for name, ids in landed.items()]

    def _filled(self, host: Host, ids: list[str]) -> Host:
        inside = self._inside(host, ids)
        used = dict(host.used)
        cells = {
            name: dict(cell.used) for name, cell in zip(host.cell_names(), host.cells, strict=True)
        }
        for id_ in ids:
            own = host.cell_classes() if inside.get(id_) in cells else frozenset()
            for name, amount in self._sizes[id_].items():
                takes = cells[inside[id_]] if name in own else used
                takes[name] = takes.get(name, 0) + amount
        filled = [
            cell.model_copy(update={"used": cells[name]})
            for name, cell in zip(host.cell_names(), host.cells, strict=True)
        ]
        return host.model_copy(update={"used": used, "cells": tuple(filled)})

    def _inside(self, host: Host, ids: list[str]) -> Mapping[str, str]:
        sizes = [(id_, tuple(sorted(self._sizes[id_].items()))) for id_ in ids]
        told = self.view.cells
        if all(id_ in told for id_, size in sizes if from_cell(host, size)):
            return told
        try:
            return dealt(host, sizes) or {}
        except Undecided:
            return {}

    def gone(self, loss: Loss) -> set[str]:
        """Give the names of the hosts that a loss takes."""
        hosts = self.view.problem.hosts
        return {host.name for domain in loss.domains for host in hosts.hosts_in(loss.level, domain)}

    def lost(self, group: str, loss: Loss) -> list[PlacedMember]:
        """Give the members of a group that a loss takes: they are to be placed again."""
        return [
            m for m in self.view.members(group) if self.view.domain(m, loss.level) in loss.domains
        ]

    def left(self, loss: Loss) -> HostIndex:
        """Give the hosts that are left, with what the survivors take of them and, by hard rates, of the links."""
        index = self.hosts.copy()
        for host in self.gone(loss):
            index.remove(host)
        rules = [(rule.group, rule.policy) for rule in rules_of(self.view.problem).hard]
        rates = [(name, policy) for name, policy in rules if isinstance(policy, LinkLoad)]
        if rates:
            stay = self._survivors(loss)
            new = {member.id: member.host for member in stay if member.new}
            app = self._app([m for m in stay if not m.new], [m for m in stay if m.new])
            after, held = View(Problem(app, index), new), dict(index.reserved)
            for name, policy in rates:
                for domain, mbps in policy.grown(name, after).items():
                    held[domain] = held.get(domain, 0) + mbps
            index.reserved = held
        return index

    def after(self, group: str, loss: Loss) -> Problem:
        """Give the question that a loss leaves: the lost members of `group` as the batch, the survivors running.

        Hard policies alone bind it, and no `survives`. Lost members of other groups are gone.
        """
        return Problem(self._app(self._survivors(loss), self.lost(group, loss)), self.left(loss))

    def whole(
        self, group: str, loss: Loss, stays: Callable[[str, Policy], bool]
    ) -> Application[Any]:
        """Give the same with all of the batch to be placed, wherever it stands, and the hard rules that stay."""
        old = [member for member in self._survivors(loss) if not member.new]
        new = [
            PlacedMember(member.id, member.group, "", True)
            for member in self.view.problem.new_members
        ]
        app = self._app(old, new + [member for member in self.lost(group, loss) if not member.new])
        groups = [
            one.model_copy(
                update={
                    "policies": tuple(policy for policy in one.policies if stays(one.name, policy))
                }
            )
            for one in app.groups
        ]
        return app.model_copy(update={"groups": tuple(groups)})

    def _survivors(self, loss: Loss) -> list[PlacedMember]:
        gone = self.gone(loss)
        return [member for member in self.view.everyone if member.host not in gone]

    def _app(self, running: list[PlacedMember], batch: list[PlacedMember]) -> Application[Any]:
        existing = tuple(
            Existing.model_construct(
                group=m.group,
                id=m.id,
                host=m.host,
                flavor=None,
                resources=self._sizes[m.id],
                cell=self._cells.get(m.id),
            )
            for m in running
        )
        members: dict[str, list[Members]] = {}
        for m in batch:
            one = Members.model_construct(
                flavor=None, resources=self._sizes[m.id], count=1, id=m.id
            )
            members.setdefault(m.group, []).append(one)
        app = self.view.problem.app
        groups = []
        for group in app.groups:
            policies = tuple(
                policy
                for policy in group.policies
                if policy.hard and not checked_after_solve(policy)
            )
            told = {"members": tuple(members.get(group.name, ())), "policies": policies}
            groups.append(group.model_copy(update=told))
        return app.model_copy(update={"groups": tuple(groups), "existing": existing})
