"""What a client of Nova asks for: the bodies of a creation by microversion, and the read of one."""

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
from groupsolver.api.nova.media import refuse_other_bodies
from groupsolver.api.nova.microversion import RULES, SOFT, Microversion
from groupsolver.api.nova.shape import meaning
from groupsolver.errors import BadInput
from groupsolver.files.fault_text import path_of, shown
from groupsolver.model.value import INT64_MAX
from groupsolver.wire.bodies.groups import GroupFields
from groupsolver.wire.count_limits import at_most
from groupsolver.wire.json_text import parse_json_body


def _printable(name: str) -> str:
    """Hold a name against Nova's rule: no control characters, no spaces but plain ones, none at the ends."""
    kinds = [unicodedata.category(character) for character in name]
    if any(kind[0] == "C" or kind in {"Zl", "Zp"} for kind in kinds):
        raise ValueError("Only printable characters may stand in it.")
    if kinds and "Zs" in {kinds[0], kinds[-1]}:
        raise ValueError("It may not begin or end with a space.")
    return name


def _number(value: Any) -> Any:
    """Read digits as the number that they are."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


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
_Hard = Literal["anti-affinity", "affinity"]
_Any = Literal["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"]


class _Closed(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Rules(_Closed):
    """The rules of anti-affinity."""

    max_server_per_host: _Count = 1


class Group21(_Closed):
    """A group, up to 2.14."""

    name: _Name
    policies: Annotated[list[_Hard], at_most(1), Field(min_length=1, max_length=1)]


class Group215(_Closed):
    """A group, from 2.15 to 2.63."""

    name: _Name
    policies: Annotated[list[_Any], at_most(1), Field(min_length=1, max_length=1)]


class Group264(_Closed):
    """A group, from 2.64."""

    name: _Name
    policy: _Any
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


def wanted(request: Request, version: Microversion) -> GroupFields:
    """Read the group that is to be made.

    Raises
    ------
    ApiError
        ``unsupported-media-type``: the body is not JSON; ``bad-input``: it is not sound, or not in this version.
    """
    body = _json(request)
    model = Create264 if version >= RULES else Create215 if version >= SOFT else Create21
    try:
        group = model.model_validate(body).server_group
    except ValidationError as error:
        raise ApiError("bad-input", _told(error.errors(include_url=False)[0], body)) from None
    if not isinstance(group, Group264):
        return GroupFields(name=group.name, policies=(meaning(group.policies[0]),))
    most = group.rules.max_server_per_host if group.rules.model_fields_set else None
    if most is not None and group.policy != "anti-affinity":
        raise ApiError("bad-input", "Only anti-affinity policy supports rules.")
    return GroupFields(name=group.name, policies=(meaning(group.policy, most),))


def _json(request: Request) -> Any:
    refuse_other_bodies(request)
    try:
        return parse_json_body(request.get_data().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ApiError("bad-input", "Malformed request body: it is not UTF-8 text.") from None
    except BadInput as error:
        raise ApiError("bad-input", f"Malformed request body: {error.faults[0].message}") from None


def _told(line: ErrorDetails, body: Any) -> str:
    where = path_of(line["loc"], body) or "the body"
    if line["type"] == "extra_forbidden":
        return f"Invalid input for field/attribute {where}: it has no meaning here."
    if line["type"] == "missing":
        return f"Invalid input for field/attribute {where}: it is a required property."
    return (
        f"Invalid input for field/attribute {where}. Value: {shown(line['input'])}. {line['msg']}"
    )
