"""Applications whose members run already, as a file or a caller says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groupsolver.cluster.definitions import QualifiedNames, definition_of, groups_of, positive
from groupsolver.cluster.members import ApplicationsState, ClusterInstance, ClusterMember
from groupsolver.cluster.newcomer import name_faults
from groupsolver.errors import (
    MAX_FAULTS_SHOWN,
    MAX_NAME_LENGTH,
    BadInput,
    Fault,
    nearest,
    quoted,
)
from groupsolver.model.application import BETWEEN, Application


def adopt(applications: Mapping[str, Application[Any]], state: ApplicationsState) -> None:
    """Add applications to a state; their members are what `existing` says.

    Raises
    ------
    BadInput
        Where a name is not one, a member has no size, or its host or cell is not known.
    """
    faults: list[Fault] = []
    for name, app in applications.items():
        found = (*application_name_faults(name), *name_faults(app), *_faults(app, state))
        path = f"applications.{name}"
        faults += [Fault(one.code, f"{path}.{one.path}", one.message) for one in found]
    if faults:
        raise BadInput(faults[:MAX_FAULTS_SHOWN])
    for name, app in applications.items():
        _adopt(name, app, state)


def _adopt(name: str, app: Application[Any], state: ApplicationsState) -> None:
    names = QualifiedNames(name)
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
        new.append(
            ClusterInstance(
                names.key(there.id),
                names.key(there.group),
                tenants[there.group],
                member,
                there.flavor,
            )
        )
    state.put_application(name, definition_of(name, app), groups_of(names, app, state), new)


def application_name_faults(name: str) -> Iterator[Fault]:
    """Yield what is wrong with the name of an application."""
    if not name or len(name) > MAX_NAME_LENGTH or BETWEEN in name or not name.isprintable():
        message = (
            f"expected 1 to {MAX_NAME_LENGTH} printable characters without {BETWEEN!r}, "
            f"found {quoted(name)}"
        )
        yield Fault("ill-formed-name", "name", message)


def _faults(app: Application[Any], state: ApplicationsState) -> Iterator[Fault]:
    """Yield what is wrong with the running members of an application."""
    if not app.existing:
        yield Fault("empty-application", "existing", "expected at least one member that runs")
    for j, there in enumerate(app.existing):
        path = f"existing[{j}]"
        if there.flavor is None and there.resources is None:
            yield Fault("missing-key", path, "expected a flavor or resources")
        if there.host not in state.loaded_hosts:
            hint = nearest(there.host, list(state.loaded_hosts))
            yield Fault("unknown-host", f"{path}.host", f"unknown host {there.host!r}{hint}")
        elif there.cell is not None:
            known = state.loaded_hosts[there.host].cell_names()
            if there.cell not in known:
                message = f"host {there.host!r} has no cell {there.cell!r}"
                yield Fault(
                    "unknown-cell", f"{path}.cell", f"{message}{nearest(there.cell, known)}"
                )
