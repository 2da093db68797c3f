"""Bodies about groups.

A body whose class has one field is wrapped in that field's name, ``{"group": {...}}``.
"""

from __future__ import annotations

from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from groupsolver.constraints.registry import AnyPolicy
from groupsolver.model.value import INT64_MAX, Name, Value
from groupsolver.wire import count_limits
from groupsolver.wire.count_limits import at_most, small_policies
from groupsolver.wire.identifiers import TenantId, Uuid

Text = Annotated[str, StringConstraints(strict=True, max_length=255)]
_Key = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]
Metadata = Annotated[dict[_Key, Text], Field(max_length=128), at_most(128)]
Policies = Annotated[
    tuple[AnyPolicy, ...],
    Field(max_length=count_limits.POLICIES),
    AfterValidator(small_policies),  # as they are stored, with defaults
    BeforeValidator(small_policies),
    at_most(count_limits.POLICIES),
]


class GroupFields(Value):
    """The fields of a group that a client may set."""

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
    """The body that registers or changes a group.

    `model_fields_set` of the inner value holds the fields that the body contains.
    """

    group: GroupFields


class GroupView(Value):
    """A group in an answer; every key is always present, except `other_members`.

    `other_members` is how many members other projects have in it. It is present where projects
    share the group.
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
        # The output of a custom serializer has no schema. This one differs from the schema of the
        # fields only by a key that may be absent.
        without_serializer = {key: value for key, value in core.items() if key != "serialization"}
        return handler(cast(CoreSchema, without_serializer))


class GroupAnswer(Value):
    """One group."""

    group: GroupView


class GroupsAnswer(Value):
    """A project's groups."""

    groups: tuple[GroupView, ...]
