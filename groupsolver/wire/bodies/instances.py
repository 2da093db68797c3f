"""Bodies about instances that hold a claim."""

from __future__ import annotations

from groupsolver.model.inventory import Resources
from groupsolver.model.value import Value
from groupsolver.wire.bodies.cell_location import WithCell
from groupsolver.wire.identifiers import Uuid


class InstanceView(WithCell):
    """An instance that holds a claim; `host` and `cell` for users who may see names."""

    id: Uuid
    name: str | None
    tenant_id: str
    group: Uuid | None
    host: str | None
    hostId: str  # noqa: N815 - Nova's name
    resources: Resources
    placement: Uuid
    expires_at: str | None


class InstanceAnswer(Value):
    """One instance."""

    instance: InstanceView


class InstancesAnswer(Value):
    """A project's instances."""

    instances: tuple[InstanceView, ...]
