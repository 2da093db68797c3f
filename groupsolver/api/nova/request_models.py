"""The bodies of Nova's requests to create a group, by microversion."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails
from werkzeug.wrappers import Request

from groupsolver.api.http.errors import ApiError
from groupsolver.api.nova.media import check_content_type
from groupsolver.api.nova.microversion import WITH_RULES, WITH_SOFT_POLICIES, Microversion
from groupsolver.api.nova.shape import policy_of
from groupsolver.errors import BadInput
from groupsolver.files.fault_text import path_of, shown
from groupsolver.model.value import INT64_MAX
from groupsolver.wire.bodies.groups import GroupFields
from groupsolver.wire.count_limits import at_most
from groupsolver.wire.json_text import parse_json_body


def _printable(name: str) -> str:
    """Check a name by Nova's rule: no control characters or line separators, no outer spaces."""
    kinds = [unicodedata.category(character) for character in name]
    if any(kind[0] == "C" or kind in {"Zl", "Zp"} for kind in kinds):
        raise ValueError("Only printable characters may stand in it.")
    if kinds and "Zs" in {kinds[0], kinds[-1]}:
        raise ValueError("It may not begin or end with a space.")
    return name


def _number(value: Any) -> Any:
    """Return digits as a number, and any other value unchanged."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value


_Name = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]
_Count = Annotated[
    int,
    Field(ge=1, le=INT64_MAX),
    BeforeValidator(_number),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": "^0*[1-9][0-9]*$"},
            ]
        }
    ),
]
_HardPolicy = Literal["anti-affinity", "affinity"]
_AnyPolicy = Literal["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"]


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Rules(_Closed):
    """The rules of anti-affinity."""

    max_server_per_host: _Count = 1


class Group21(_Closed):
    """A group, up to 2.14."""

    name: _Name
    policies: Annotated[list[_HardPolicy], at_most(1), Field(min_length=1, max_length=1)]


class Group215(_Closed):
    """A group, from 2.15 to 2.63."""

    name: _Name
    policies: Annotated[list[_AnyPolicy], at_most(1), Field(min_length=1, max_length=1)]


class Group264(_Closed):
    """A group, from 2.64."""

    name: _Name
    policy: _AnyPolicy
    rules: Rules = Rules()


class Create21(_Closed):
    """The body up to 2.14."""

    server_group: Group21


class Create215(_Closed):
    """The body from 2.15 to 2.63."""

    server_group: Group215


class Create264(_Closed):
    """The body from 2.64."""

    server_group: Group264


def read_new_group(request: Request, version: Microversion) -> GroupFields:
    """Read the body of a request that creates a group.

    Raises
    ------
    ApiError
        ``unsupported-media-type``: the body is not JSON; ``bad-input``: it is not valid in this
        version.
    """
    body = _json(request)
    model = _model(version)
    try:
        group = model.model_validate(body).server_group
    except ValidationError as error:
        raise ApiError("bad-input", _message(error.errors(include_url=False)[0], body)) from None
    if not isinstance(group, Group264):
        return GroupFields(name=group.name, policies=(policy_of(group.policies[0]),))
    # An explicit limit of 1 is shown to the client again, other than the default.
    limit = group.rules.max_server_per_host if group.rules.model_fields_set else None
    if limit is not None and group.policy != "anti-affinity":
        raise ApiError("bad-input", "Only anti-affinity policy supports rules.")
    return GroupFields(name=group.name, policies=(policy_of(group.policy, limit),))


def _model(version: Microversion) -> type[Create21 | Create215 | Create264]:
    if version >= WITH_RULES:
        return Create264
    if version >= WITH_SOFT_POLICIES:
        return Create215
    return Create21


def _json(request: Request) -> Any:
    check_content_type(request)
    try:
        return parse_json_body(request.get_data().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ApiError("bad-input", "Malformed request body: it is not UTF-8 text.") from None
    except BadInput as error:
        raise ApiError("bad-input", f"Malformed request body: {error.faults[0].message}") from None


def _message(line: ErrorDetails, body: Any) -> str:
    """Return an error of pydantic in Nova's words."""
    path = path_of(line["loc"], body) or "the body"
    prefix = f"Invalid input for field/attribute {path}"
    if line["type"] == "extra_forbidden":
        return f"{prefix}: it has no meaning here."
    if line["type"] == "missing":
        return f"{prefix}: it is a required property."
    return f"{prefix}. Value: {shown(line['input'])}. {line['msg']}"
