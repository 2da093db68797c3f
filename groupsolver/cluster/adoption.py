"""Applications whose members run already, as a file or a caller says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groupsolver.cluster.definitions import (
    QualifiedNames,
    definition_of,
    groups_of,
    instance_of,
    positive,
)
from groupsolver.cluster.members import ApplicationsState, ClusterMember
from groupsolver.cluster.newcomer import name_faults
from groupsolver.constraints.problem.validation import name_faults as fleet_faults
from groupsolver.constraints.qualified_names import application_name_faults
from groupsolver.constraints.registry import Group
from groupsolver.errors import MAX_FAULTS_SHOWN, BadInput, Fault
from groupsolver.model.application import Application


def adopt(applications: Mapping[str, Application[Any]], state: ApplicationsState) -> None:
    """Add applications to a state; their members are what `existing` says.

    Raises
    ------
    BadInput
        Where a name is not one, a member has no size, or an application does not fit the fleet.
    """
    faults: list[Fault] = []
    for name, app in applications.items():
        found = (*application_name_faults(name), *name_faults(app), *_faults(name, app, state))
        path = f"applications.{name}"
        faults += [Fault(one.code, f"{path}.{one.path}", one.message) for one in found]
    if faults:
        raise BadInput(faults[:MAX_FAULTS_SHOWN])
    for name, app in applications.items():
        _adopt(name, app, state)


def _adopt(name: str, app: Application[Any], state: ApplicationsState) -> None:
    tenants = {group.name: group.tenant_id for group in app.groups}
    new = []
    for there in app.existing:
        member = ClusterMember(
            id=there.id,
            application=name,
            group=there.group,
            host=there.host,
            resources=positive(app.resources(there)),
            cell=there.cell,
        )
        new.append(instance_of(member, tenants[there.group], there.flavor))
    groups = groups_of(QualifiedNames(name), app, state)
    state.put_application(name, definition_of(name, app), groups, new)


def _faults(name: str, app: Application[Any], state: ApplicationsState) -> Iterator[Fault]:
    """Yield what is wrong with an application that runs, and with its members."""
    if not app.existing:
        yield Fault("empty-application", "existing", "expected at least one member that runs")
    for j, there in enumerate(app.existing):
        if there.flavor is None and there.resources is None:
            yield Fault("missing-key", f"existing[{j}]", "expected a flavor or resources")
    faults, _ = fleet_faults(_with_named_groups(name, app), state.fleet.index)
    yield from faults


def _with_named_groups(name: str, app: Application[Any]) -> Application[Any]:
    """Return an application with groups in place of those of others that its policies name.

    These have no members; those that they stand for may have gone.
    """
    names = QualifiedNames(name)
    groups = []
    for group in app.groups:
        policies = tuple(policy.naming(names.name_of) for policy in group.policies)
        groups.append(group.model_copy(update={"policies": policies}))
    known = {group.name for group in groups}
    targets = [policy.target for group in groups for policy in group.policies]
    others = dict.fromkeys(one for one in targets if one is not None and one not in known)
    groups += [Group.model_construct(name=other) for other in others]
    return app.model_copy(update={"groups": tuple(groups)})
