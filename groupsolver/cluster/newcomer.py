"""An application that is to be placed on a cluster: what is wrong with it, and its problem."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from groupsolver.cluster.definitions import (
    QualifiedNames,
    definition_of,
    groups_of,
    instance_of,
    positive,
)
from groupsolver.cluster.members import ApplicationsState, ClusterInstance, ClusterMember
from groupsolver.cluster.recoveries import KnownRecovery, recoveries_in, renamed
from groupsolver.cluster.scope import EveryPolicy, compose, policies_in_scope
from groupsolver.cluster.state.cluster_state import StateSnapshot
from groupsolver.constraints.registry import Application
from groupsolver.errors import MAX_FAULTS_SHOWN, BadInput, Fault, nearest
from groupsolver.model import application as model
from groupsolver.model.application import BETWEEN, Members, member_ids
from groupsolver.model.result import Result

NAMELESS = "\0"  # the name of an application that has none; no name has such a character


class Newcomer:
    """An application to be placed beside all that runs in a state.

    Where an application of its name runs, that one is to become this one: its members run on, and
    those that do not run yet are new.

    Parameters
    ----------
    name : str
        `NAMELESS` where it is only asked about.
    given : Application
    state : ApplicationsState

    Raises
    ------
    BadInput
        Where it does not fit what runs.

    Attributes
    ----------
    app : Application
        It has the groups and policies of others that concern it, and their members as `existing`.
        Its own groups come first, under their own names. Others are called
        ``application:group``, and their members ``application:member``.
    """

    def __init__(self, name: str, given: model.Application[Any], state: ApplicationsState) -> None:
        self._name = name
        self._names = QualifiedNames(name)
        self._given = given
        faults = list(islice(self._faults(state), MAX_FAULTS_SHOWN))
        if faults:
            raise BadInput(faults)
        self._groups = groups_of(self._names, given, state)
        self.app = self._composed(state)

    def _composed(self, state: ApplicationsState) -> Application:
        table = state.groups.copy()
        for key in state.group_keys(self._name):
            table.remove(key)
        for group in self._groups:
            table.put(group)
        policies = policies_in_scope(
            [group.id for group in self._groups], table, EveryPolicy(table)
        )
        new_members: dict[str, tuple[Members, ...]] = {}
        at_least: dict[str, int] = {}
        for given in self._given.groups:
            key = self._names.key(given.name)
            new_members[key] = given.members
            if given.at_least is not None:
                at_least[key] = given.at_least
        composed = compose(
            policies,
            new_members,
            StateSnapshot(state.fleet, table, state.instances),
            at_least=at_least,
            weightless=state.weightless,
            name_of=self._names.name_of,
        )
        own = {key: getattr(self._given, key) for key in ("name", "flavors", "host_price")}
        return composed.model_copy(update=own)

    def commit(self, result: Result, state: ApplicationsState) -> None:
        """Add the members that a result places to the state that it holds in."""
        placement = result.placement or {}
        new: list[ClusterInstance] = []
        for group in self._given.groups:
            for id_, members in member_ids(group):
                if id_ not in placement or self._names.key(id_) in state.instances:
                    continue
                member = ClusterMember(
                    id=id_,
                    application=self._name,
                    group=group.name,
                    host=placement[id_],
                    resources=positive(self._given.resources(members)),
                    cell=result.cells.get(id_),
                )
                new.append(instance_of(member, group.tenant_id, members.flavor))
        definition = definition_of(self._name, self._given)
        state.put_application(self._name, definition, self._groups, new)
        found = recoveries_in(self.app, state.fleet, result)
        state.recoveries = {
            self._group_key(group): renamed(known, self._group_key, self._member_key)
            for group, known in found
        }

    def known_recoveries(self, state: ApplicationsState) -> dict[str, KnownRecovery]:
        """Return the recoveries of other applications, by the names of the composed one."""
        name_of = self._names.name_of
        own = {group.id for group in self._groups}
        return {
            key: renamed(known, name_of, name_of)
            for key, known in state.recoveries.items()
            if key not in own
        }

    def _group_key(self, name: str) -> str:
        """Return the qualified name of a group of the composed application."""
        return name if BETWEEN in name else self._names.key(name)

    def _member_key(self, id_: str) -> str:
        """Return the qualified name of a member of the composed application."""
        return self._names.key(id_) if id_ in self._own_ids else id_

    @cached_property
    def _own_ids(self) -> frozenset[str]:
        """The ids of its own members, new and running."""
        own = {group.name for group in self._given.groups}
        listed = [id_ for group in self._given.groups for id_, _ in member_ids(group)]
        running = [there.id for there in self.app.existing if there.group in own]
        return frozenset([*listed, *running])

    # What may be wrong.

    def _faults(self, state: ApplicationsState) -> Iterator[Fault]:
        yield from name_faults(self._given)
        yield from self._target_faults(state)
        for i, group in enumerate(self._given.groups):
            for id_, _ in member_ids(group):
                if BETWEEN in id_ and id_ in state.instances:
                    message = f"member id {id_!r} is that of a member of another application"
                    yield Fault("duplicate-name", f"groups[{i}].members", message)
        running = {
            instance.member.id: instance.member for instance in state.instances_of(self._name)
        }
        yield from self._group_faults(running)
        yield from self._existing_faults(running)

    def _target_faults(self, state: ApplicationsState) -> Iterator[Fault]:
        """Yield the policies that name a group of another application which does not run."""
        own = {self._names.key(group.name) for group in self._given.groups}
        before = state.definitions.get(self._name)
        known_before = _targets(before) if before is not None else set()
        for i, group in enumerate(self._given.groups):
            for j, policy in enumerate(group.policies):
                target = policy.target
                # Of an application that runs, the one that it names may have gone since.
                if target is None or target in known_before:
                    continue
                key = self._names.target_key(target)
                if key not in own and key not in state.groups:
                    hint = nearest(target, list(state.groups))
                    message = f"no running application has the group {target!r}{hint}"
                    path = f"groups[{i}].policies[{j}].{policy.target_key}"
                    yield Fault("unknown-group", path, message)

    def _group_faults(self, running: dict[str, ClusterMember]) -> Iterator[Fault]:
        """Yield the members that run in another group than that which has them now."""
        if not running:
            return
        names = [group.name for group in self._given.groups]
        missing = {member.group: None for member in running.values() if member.group not in names}
        for name in missing:
            message = f"members run in the group {name!r}, which is missing here"
            yield Fault("unknown-group", "groups", f"{message}{nearest(name, names)}")
        for i, group in enumerate(self._given.groups):
            for id_, _ in member_ids(group):
                member = running.get(id_)
                if member is not None and member.group != group.name:
                    message = f"member {id_!r} runs in the group {member.group!r}"
                    yield Fault("duplicate-name", f"groups[{i}].members", message)

    def _existing_faults(self, running: dict[str, ClusterMember]) -> Iterator[Fault]:
        """Yield entries of `existing` that are not what runs."""
        for j, there in enumerate(self._given.existing):
            path = f"existing[{j}]"
            member = running.get(there.id)
            if member is None:
                hint = nearest(there.id, list(running))
                message = f"no member {there.id!r} of it runs in the cluster{hint}"
                yield Fault("unknown-member", f"{path}.id", message)
            elif member.host != there.host:
                message = f"member {there.id!r} runs on {member.host!r}, not on {there.host!r}"
                yield Fault("moved-member", f"{path}.host", message)


def name_faults(app: model.Application[Any]) -> Iterator[Fault]:
    """Yield the groups whose names mean something else in a cluster."""
    for i, group in enumerate(app.groups):
        if BETWEEN in group.name:
            message = f"expected no {BETWEEN!r}: it separates an application from its groups"
            yield Fault("ill-formed-name", f"groups[{i}].name", message)


def _targets(app: Application) -> set[str]:
    """Return the groups that policies of an application name."""
    return {
        policy.target
        for group in app.groups
        for policy in group.policies
        if policy.target is not None
    }
