"""The scope of a placement: its groups, and all others whose policies concern their members."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from groupsolver.cluster.state.cluster_state import StateSnapshot
from groupsolver.cluster.state.group_table import GroupTable, binds_all_comers
from groupsolver.cluster.state.running import RunningInstance
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.protocols.exclusivity import admits_project
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.constraints.protocols.survivability import checked_after_solve
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.application import Existing, Members

UNGROUPED = "no group"  # the group of instances that have none

Now = StateSnapshot[Any, Any]
Policies = dict[str, list[Policy]]  # by group
NewMembers = Mapping[str, Sequence[Members]]  # by group, `UNGROUPED` for those of none


class Reach(Protocol):
    """Which policies bind the new members of a placement, beyond what they look at."""

    def binds_members(self, group: str, policy: Policy) -> bool:
        """Return whether a policy of a group binds new members below this group."""

    def binds_others(self, group: str, policy: Policy, joined: Collection[str]) -> bool:
        """Return whether a policy of a group binds new members that are not below this group.

        Parameters
        ----------
        group : str
        policy : Policy
        joined : collection of str
            The groups of the new members, and all groups above these.
        """


class EveryPolicy:
    """The reach within one cluster: every policy binds everybody, hard and soft.

    Parameters
    ----------
    groups : GroupTable
        A policy that names a group which is not among them is void.
    """

    def __init__(self, groups: GroupTable[Any]) -> None:
        self._groups = groups

    def binds_members(self, group: str, policy: Policy) -> bool:
        """Return whether the group that the policy names, if any, exists."""
        return policy.target is None or policy.target in self._groups

    def binds_others(self, group: str, policy: Policy, joined: Collection[str]) -> bool:
        """Return whether the policy names a joined group, or binds all comers."""
        return policy.target in joined or binds_all_comers(policy)


def policies_in_scope(joined: Iterable[str], groups: GroupTable[Any], reach: Reach) -> Policies:
    """Return the policies that concern new members of some groups, and bind them.

    Parameters
    ----------
    joined : iterable of str
        The groups of the new members.
    groups : GroupTable
    reach : Reach

    Returns
    -------
    dict of str to list of Policy
        By group; only groups with such a policy.
    """
    over_joined = groups.above(joined)
    found: Policies = {}
    for key in sorted(over_joined):
        found[key] = [policy for policy in groups[key].policies if reach.binds_members(key, policy)]
    for key in sorted(groups.concerning(over_joined) - over_joined):
        found[key] = [
            policy
            for policy in groups[key].policies
            if _concerns_others(key, policy, over_joined, groups)
            and reach.binds_others(key, policy, over_joined)
        ]
    _add_rules_of_recoveries(found, groups, reach)
    return {key: policies for key, policies in found.items() if policies}


def _concerns_others(
    group: str, policy: Policy, joined: Collection[str], groups: GroupTable[Any]
) -> bool:
    """Return whether a policy looks at new members that are not below its own group."""
    if policy.target is not None and policy.target in joined:
        return True
    return binds_all_comers(policy) and _has_members(group, groups)


def _has_members(key: str, groups: GroupTable[Any]) -> bool:
    return any(groups[name].members for name in groups.below(key))


def _add_rules_of_recoveries(found: Policies, groups: GroupTable[Any], reach: Reach) -> None:
    """Add the hard policies by which running members find a place again after a loss.

    Members of a group with `survives` are placed again by every hard policy that would bind them
    were they new: those of their groups, and those of others that look at them.
    """
    recovering = [
        key
        for key, policies in found.items()
        if any(map(checked_after_solve, policies)) and _has_members(key, groups)
    ]
    below = frozenset[str]().union(*(groups.below(key) for key in recovering))
    over_lost = groups.above(below)
    for key in sorted(over_lost | groups.concerning(over_lost)):
        if not below:
            return
        present = found.setdefault(key, [])
        for policy in groups[key].policies:
            if not policy.hard or policy in present or checked_after_solve(policy):
                continue
            binds = key in over_lost and reach.binds_members(key, policy)
            concerns = key not in over_lost and _concerns_others(key, policy, over_lost, groups)
            if binds or (concerns and reach.binds_others(key, policy, over_lost)):
                present.append(policy)


def compose(
    policies: Mapping[str, Sequence[Policy]],
    new_members: NewMembers,
    now: Now,
    *,
    tenant: str | None = None,
    at_least: Mapping[str, int] | None = None,
    weightless: Collection[str] = (),
    name_of: Callable[[str], str] = str,
) -> Application:
    """Compose the application of some policies, with every group they count and what runs there.

    Parameters
    ----------
    policies : mapping of str to sequence of Policy
        By group.
    new_members : mapping of str to sequence of Members
        By group; these groups come first, in this order.
    now : StateSnapshot
    tenant : str, optional
        The project of new members that are in no group.
    at_least : mapping of str to int, optional
        How many members of a group must be placed, where some may be left out.
    weightless : collection of str
        Groups with members that take nothing: what is in use of hosts does not show these.
    name_of : callable, optional
        Returns what a group, or an instance, is called in the application. By default its id.
    """
    exclusive_tenants = {
        now.groups[key].tenant_id
        for key, of_group in policies.items()
        if any(map(admits_project, of_group))
    }
    shown = _shown_groups(policies, now, new_members, exclusive_tenants)
    if any(counts_all_groups(policy) for of_group in policies.values() for policy in of_group):
        shown.update(dict.fromkeys(weightless))
    groups = [
        Group.model_construct(
            name=name_of(key),
            policies=tuple(policy.naming(name_of) for policy in policies.get(key, ())),
            members=tuple(new_members.get(key, ())),
            groups=tuple(name_of(child) for child in now.groups[key].groups if child in shown),
            tenant_id=now.groups[key].tenant_id,
            at_least=(at_least or {}).get(key),
        )
        for key in shown
    ]
    ungrouped = _ungrouped_instances(exclusive_tenants, now)
    names = _names_of_ungrouped(ungrouped, tenant, has_new=UNGROUPED in new_members)
    for owner, name in names.items():
        members = tuple(new_members.get(UNGROUPED, ())) if owner == tenant else ()
        groups.append(_ungrouped_group(name, members, owner))
    existing = [*_running_members(shown, now, name_of)]
    for owner, instances in ungrouped.items():
        existing += [_to_existing(names[owner], instance, now, name_of) for instance in instances]
    return Application.model_construct(
        version=1, name=None, flavors={}, groups=tuple(groups), existing=tuple(existing)
    )


def _shown_groups(
    policies: Mapping[str, Sequence[Policy]],
    now: Now,
    new_members: Iterable[str],
    exclusive_tenants: Collection[str | None],
) -> dict[str, None]:
    """Return the groups of an application, as an ordered set."""
    shown = dict.fromkeys(key for key in new_members if key != UNGROUPED)
    for key, of_group in policies.items():
        targets = [policy.target for policy in of_group if policy.target]
        for counted in (key, *targets):
            shown.update(dict.fromkeys(sorted(now.groups.below(counted))))
    # A policy that keeps other projects away must know every member of its own project.
    if exclusive_tenants:
        for key, group in now.groups.items():
            if group.tenant_id in exclusive_tenants and group.members:
                shown[key] = None
    return shown


def _ungrouped_instances(
    tenants: Collection[str | None], now: Now
) -> dict[str | None, list[RunningInstance]]:
    """Return the instances of some projects that are in no group, by project."""
    found: dict[str | None, list[RunningInstance]] = {}
    if not tenants:
        return found
    for instance in now.instances.values():
        if instance.group is None and instance.tenant_id in tenants:
            found.setdefault(instance.tenant_id, []).append(instance)
    return found


def _names_of_ungrouped(
    tenants: Collection[str | None], tenant: str | None, *, has_new: bool
) -> dict[str | None, str]:
    """Return the name of the group for each project's ungrouped instances.

    Parameters
    ----------
    tenants : collection of str
        The projects with running instances in no group.
    tenant : str
        The project of the new members.
    has_new : bool
        Whether some of the new members are in no group.
    """
    names: dict[str | None, str] = {}
    if has_new or tenant in tenants:
        names[tenant] = UNGROUPED
    others = sorted(set(tenants) - {tenant}, key=str)
    for i, other in enumerate(others):
        names[other] = f"{UNGROUPED} {i}"
    return names


def _ungrouped_group(name: str, members: tuple[Members, ...], tenant: str | None) -> Group:
    return Group.model_construct(
        name=name, policies=(), members=members, groups=(), tenant_id=tenant
    )


def _running_members(
    groups: Iterable[str], now: Now, name_of: Callable[[str], str]
) -> Iterator[Existing]:
    for key in groups:
        for member in now.groups[key].members:
            instance = now.instances.get(member)
            if instance is not None:
                yield _to_existing(name_of(key), instance, now, name_of)


def _to_existing(
    group: str, instance: RunningInstance, now: Now, name_of: Callable[[str], str]
) -> Existing:
    # Where the host has changed since, nobody knows in which cell the instance runs.
    cell = instance.cell
    if cell is not None and not (
        instance.host in now.fleet and _takes_from_its_cell(instance, now)
    ):
        cell = None
    return Existing.model_construct(
        group=group,
        id=name_of(instance.id),
        host=instance.host,
        resources=instance.resources,
        flavor=None,
        cell=cell,
    )


def _takes_from_its_cell(instance: RunningInstance, now: Now) -> bool:
    """Return whether its cell has every class that the instance takes from a cell."""
    host = now.fleet[instance.host]
    cells = dict(zip(host.cell_names(), host.cells, strict=True))
    if instance.cell not in cells:
        return False
    return host.cell_classes() & instance.resources.keys() <= cells[instance.cell].inventory.keys()
