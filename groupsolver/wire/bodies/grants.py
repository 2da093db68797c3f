"""Bodies about groups that have members: who else may join, who is taken in, what a change would break."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from groupsolver.model.value import Value
from groupsolver.wire import count_limits
from groupsolver.wire.count_limits import at_most
from groupsolver.wire.identifiers import TenantId, Uuid


class GrantFields(Value):
    """Who may join a group."""

    tenant_id: TenantId


class GrantRequest(Value):
    """The body that lets a project join a group."""

    grant: GrantFields


class GrantView(Value):
    """A project's right to join another's group."""

    group_id: Uuid
    tenant_id: str
    created_at: str


class GrantAnswer(Value):
    """One grant."""

    grant: GrantView


class GrantsAnswer(Value):
    """A group's grants."""

    grants: tuple[GrantView, ...]


class AdoptFields(Value):
    """Running instances that are to be members of a group."""

    instances: Annotated[
        tuple[Uuid, ...],
        Field(min_length=1, max_length=count_limits.INSTANCES),
        at_most(count_limits.INSTANCES),
    ]


class AdoptRequest(Value):
    """The body that takes running instances into a group."""

    adopt: AdoptFields


class BrokenView(Value):
    """A policy that running members would break: the project's own by their ids, others' by their number."""

    group: Uuid
    policy: str
    sentence: str
    measure: int
    members: tuple[Uuid, ...]
    other_members: int


class Preview(Value):
    """What a change would break among members that run; `clean` where nothing."""

    clean: bool
    violations: tuple[BrokenView, ...]


class PreviewAnswer(Value):
    """What would come of a change that was not made."""

    preview: Preview
