"""The groups of a cluster, with what relates them, kept up to date while they come and go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic

from groupsolver.cluster.state.running import G
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.constraints.protocols.survivability import checked_after_solve

_Names = dict[str, dict[str, None]]  # ordered sets of groups, by group


class GroupTable(Mapping[str, G], Generic[G]):
    """Groups by id: which are below which, and which have policies about others.

    A mapping of ids to groups. It changes by `put` and `remove` alone.

    Parameters
    ----------
    groups : iterable of RunningGroup, optional
    """

    def __init__(self, groups: Iterable[G] = ()) -> None:
        self._groups: dict[str, G] = {}
        self._parents: _Names = {}  # groups right above each
        self._naming: _Names = {}  # groups with a policy that names each
        self._wide: dict[str, None] = {}  # groups with a policy that binds whatever comes
        for group in groups:
            self.put(group)

    def __getitem__(self, key: str) -> G:
        return self._groups[key]

    def __contains__(self, key: object) -> bool:
        return key in self._groups

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)

    def __repr__(self) -> str:
        return f"<GroupTable: {len(self)} groups>"

    def copy(self) -> GroupTable[G]:
        """Return a table that may change without this one; the groups are shared."""
        other: GroupTable[G] = GroupTable()
        other._groups = self._groups.copy()
        # The inner dicts are replaced and never changed.
        other._parents = self._parents.copy()
        other._naming = self._naming.copy()
        other._wide = self._wide.copy()
        return other

    def updated(self, *groups: G) -> GroupTable[G]:
        """Return a table with some groups added or replaced."""
        other = self.copy()
        for group in groups:
            other.put(group)
        return other

    def put(self, group: G) -> None:
        """Add a group, or replace the one of that id."""
        before = self._groups.get(group.id)
        self._groups[group.id] = group
        if before is not None and _definition(before) == _definition(group):
            return
        if before is not None:
            self._unrelate(before)
        for child in group.groups:
            self._parents[child] = {**self._parents.get(child, {}), group.id: None}
        for policy in group.policies:
            if policy.target is not None:
                self._naming[policy.target] = {
                    **self._naming.get(policy.target, {}),
                    group.id: None,
                }
            if binds_all_comers(policy):
                self._wide[group.id] = None

    def remove(self, key: str) -> None:
        """Take a group out. Raises `KeyError`."""
        self._unrelate(self._groups.pop(key))

    def _unrelate(self, group: G) -> None:
        for child in group.groups:
            _discard(self._parents, child, group.id)
        for policy in group.policies:
            if policy.target is not None:
                _discard(self._naming, policy.target, group.id)
        self._wide.pop(group.id, None)

    def below(self, key: str) -> frozenset[str]:
        """Return the groups below a group, itself included."""
        return self._reached([key], lambda name: self._groups[name].groups)

    def above(self, keys: Iterable[str]) -> frozenset[str]:
        """Return the groups above some groups, these included."""
        return self._reached(keys, lambda name: self._parents.get(name, ()))

    def _reached(
        self, start: Iterable[str], step: Callable[[str], Iterable[str]]
    ) -> frozenset[str]:
        """Return the groups that are reached from some by steps."""
        pending = [name for name in start if name in self._groups]
        found = set(pending)
        while pending:
            for name in step(pending.pop()):
                if name in self._groups and name not in found:
                    found.add(name)
                    pending.append(name)
        return frozenset(found)

    def concerning(self, joined: Iterable[str]) -> frozenset[str]:
        """Return the groups with a policy that may concern new members of some groups.

        Parameters
        ----------
        joined : iterable of str
            The groups of the new members, and all groups above these.
        """
        found = set(self._wide)
        for name in joined:
            found.update(self._naming.get(name, ()))
        return frozenset(found)


def binds_all_comers(policy: Policy) -> bool:
    """Return whether a policy of running members binds new members of any group.

    Those do that look at all members which come near, and those that need the room which new
    members take.
    """
    return counts_all_groups(policy) or checked_after_solve(policy)


def _definition(group: G) -> object:
    """Return the part of a group that relates it to others."""
    return group.policies, group.groups


def _discard(names: _Names, key: str, name: str) -> None:
    """Remove a name from the set of a key; an empty set is removed, too."""
    remaining = {other: None for other in names.get(key, ()) if other != name}
    if remaining:
        names[key] = remaining
    else:
        names.pop(key, None)
