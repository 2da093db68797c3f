"""The bodies of ``/v1.0``, as values: what is asked, and what is answered.

A body whose class has one field is wrapped in that field's name, ``{"group": {...}}``; a fleet and
a host stand bare, in the files' own shapes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import AnyPolicy
from groupsolver.model.application import Flavor, Sized
from groupsolver.model.fleet import Host, Link
from groupsolver.model.inventory import Resources
from groupsolver.model.result import Conflict, Objective, Status
from groupsolver.model.value import INT64_MAX, Name, Positive, Value
from groupsolver.wire import count_limits
from groupsolver.wire.bodies.cell_location import InCell
from groupsolver.wire.bodies.grants import Preview
from groupsolver.wire.count_limits import at_most, small_policies
from groupsolver.wire.identifiers import TenantId, Uuid

Text = Annotated[str, StringConstraints(strict=True, max_length=255)]
_Key = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]
Metadata = Annotated[dict[_Key, Text], Field(max_length=128), at_most(128)]
Policies = Annotated[
    tuple[AnyPolicy, ...],
    Field(max_length=count_limits.POLICIES),
    AfterValidator(small_policies),  # as they are kept, with all that was left out
    BeforeValidator(small_policies),
    at_most(count_limits.POLICIES),
]
_Resources = Annotated[
    Resources, Field(max_length=count_limits.CLASSES), at_most(count_limits.CLASSES)
]


class GroupFields(Value):
    """What a client may say of a group; each field as the contract's table of attributes has it."""

    id: Uuid | None = None
    name: Name | None = None
    tenant_id: TenantId | None = None
    policies: Policies = ()
    metadata: Metadata | None = None
    groups: Annotated[
        tuple[Uuid, ...], Field(max_length=count_limits.GROUPS), at_most(count_limits.GROUPS)
    ] = ()
    members: Annotated[
        tuple[Uuid, ...],
        Field(max_length=count_limits.MEMBERS, fail_fast=True),
        at_most(count_limits.MEMBERS),
    ] = ()
    other_members: Annotated[int, Field(strict=True, ge=0, le=INT64_MAX)] | None = None


class GroupRequest(Value):
    """The body that registers or changes a group; `fields_set` of the inner value says what it contains."""

    group: GroupFields


class GroupView(Value):
    """A group as it is answered; every key is always there, but `other_members`.

    That is how many members other projects have in it, and stands where projects share the group.
    """

    id: Uuid
    name: str | None
    tenant_id: str
    policies: tuple[AnyPolicy, ...]
    metadata: dict[str, str] | None
    groups: tuple[Uuid, ...]
    members: tuple[Uuid, ...]
    other_members: int | None = None

    @model_serializer(mode="wrap")
    def _sparse(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        if self.other_members is None:
            del data["other_members"]
        return data

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # What a serializer of one's own gives has no schema: this one's differs from the fields' by a key.
        return handler(
            cast(CoreSchema, {key: value for key, value in core.items() if key != "serialization"})
        )


class GroupAnswer(Value):
    """One group."""

    group: GroupView


class GroupsAnswer(Value):
    """A tenant's groups."""

    groups: tuple[GroupView, ...]


class Hints(Value):
    """Nova's scheduler hints, of which one has a meaning here."""

    group: Uuid | None = None


class InstanceRequest(Sized):
    """So many identical instances.

    Parameters
    ----------
    id : uuid, optional
        Where there is just one; by default made anew. An admin or a service may choose it.
    name : str, optional
        With a count above 1, ``name-1``, ``name-2`` and so on.
    flavor, resources
        What each takes: exactly one of the two.
    count : int, default 1
    hints : Hints
    """

    id: Uuid | None = None
    name: Name | None = None
    resources: _Resources | None = None
    count: Positive = 1
    hints: Hints = Hints()

    @model_validator(mode="after")
    def _sound(self) -> InstanceRequest:
        if self.flavor is None and self.resources is None:
            raise PydanticCustomError("missing-key", "expected a flavor or resources")
        if self.id is not None and self.count != 1:
            raise PydanticCustomError("wrong-value", "expected count 1 where an id is given")
        return self


class FlavorRequest(Flavor):
    """A flavor that instances are asked for by."""

    resources: _Resources


def _as_asked(flavor: Any) -> Any:
    return flavor.document() if type(flavor) is Flavor else flavor  # a client has those of a file


class PlacementFields(Value):
    """Instances to be placed, all or none.

    Parameters
    ----------
    flavors : dict of str to Flavor
    instances : tuple of InstanceRequest
    objective : {"pack", "spread", "cost"}, default "pack"
    time_limit : float, optional
        Seconds; by default, and at most, the server's.
    ttl : int, optional
        Seconds after which the claim ends, unless it is confirmed.
    """

    flavors: Annotated[
        dict[Name, Annotated[FlavorRequest, BeforeValidator(_as_asked)]],
        Field(max_length=count_limits.FLAVORS),
        at_most(count_limits.FLAVORS),
    ] = {}
    instances: Annotated[
        tuple[InstanceRequest, ...],
        Field(min_length=1, max_length=count_limits.INSTANCES),
        at_most(count_limits.INSTANCES),
    ]
    objective: Objective = "pack"
    time_limit: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = None
    ttl: Annotated[int, Field(strict=True, ge=1, le=7 * 24 * 3600)] | None = None


class PlacementRequest(Value):
    """The body that asks for a placement."""

    placement: PlacementFields


class PlacedView(InCell):
    """Where an instance of a placement stands: `host` and `cell` for those who may see names, `hostId` for all."""

    id: Uuid
    name: str | None
    group: Uuid | None
    host: str | None
    hostId: str  # noqa: N815 - Nova's name


class PlacementView(Value):
    """A placement; `id` is null for one that was only tried."""

    id: Uuid | None
    status: Status
    objective: int
    bound: int
    gap: float
    instances: tuple[PlacedView, ...]
    expires_at: str | None = None


class PlacementAnswer(Value):
    """One placement."""

    placement: PlacementView


class InstanceView(InCell):
    """An instance that holds a claim; `cell` for those who may see names."""

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
    """A tenant's instances."""

    instances: tuple[InstanceView, ...]


class FleetAnswer(Value):
    """The fleet as it is stored; unlike a file's it may have no host yet."""

    version: Literal[1] = 1
    levels: tuple[str, ...]
    hosts: tuple[Host, ...]
    links: tuple[Link, ...]


class ErrorView(Value):
    """One thing that went wrong."""

    status: int
    code: str
    title: str
    detail: str
    request_id: str
    conflict: Conflict | None = None
    preview: Preview | None = None


class ErrorsAnswer(Value):
    """What every answer of ``/v1.0`` from 400 on carries."""

    errors: tuple[ErrorView, ...]


def plain(value: Value) -> Any:
    """Give a body as plain JSON data: every key, but fields that are null in policies, hosts and errors."""
    if isinstance(value, FleetAnswer | Host):
        return value.document()
    return value.without_nulls(Policy, ErrorView)
