"""Bodies about groups with members: grants, adopted and released instances, and previews."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from groupsolver.model.value import Value
from groupsolver.wire import count_limits
from groupsolver.wire.count_limits import at_most
from groupsolver.wire.identifiers import TenantId, Uuid


class GrantFields(Value):
    """The project that may join a group."""

    tenant_id: TenantId


class GrantRequest(Value):
    """The body that allows a project to join a group."""

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


_Instances = Annotated[
    tuple[Uuid, ...],
    Field(min_length=1, max_length=count_limits.INSTANCES),
    at_most(count_limits.INSTANCES),
]


class AdoptFields(Value):
    """Running instances that are to become members of a group."""

    instances: _Instances


class AdoptRequest(Value):
    """The body that makes running instances members of a group."""

    adopt: AdoptFields


class ReleaseFields(Value):
    """Members of a group that are to leave it, and run on in no group."""

    instances: _Instances


class ReleaseRequest(Value):
    """The body that ends memberships of a group."""

    release: ReleaseFields


class BrokenView(Value):
    """A policy that running members would break.

    `members` has those of the project itself, `other_members` the number of all others.
    """

    group: Uuid
    policy: str
    sentence: str
    measure: int
    members: tuple[Uuid, ...]
    other_members: int


class Preview(Value):
    """The policies that running members would break after a change; `clean` if none."""

    clean: bool
    violations: tuple[BrokenView, ...]


class PreviewAnswer(Value):
    """The preview of a change that was not made."""

    preview: Preview
