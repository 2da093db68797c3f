"""The one registry of policies, and the types that it closes.

A new policy is one file beside this one and one line in `POLICIES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.bandwidth import Bandwidth
from groupsolver.constraints.policies.exclusive import Exclusive
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.policies.within import Outside, Within
from groupsolver.constraints.policy import Policy
from groupsolver.model import application

POLICIES: dict[str, type[Policy]] = {
    "anti-affinity": AntiAffinity,
    "affinity": Affinity,
    "network-proximity": NetworkProximity,
    "host-capabilities": HostCapabilities,
    "spread": Spread,
    "apart-from": ApartFrom,
    "near": Near,
    "exclusive": Exclusive,
    "within": Within,
    "outside": Outside,
    "bandwidth": Bandwidth,
    "survives": Survives,
}

# Nova's names for soft policies, of weight 1.
_SOFT = {"soft-affinity": "affinity", "soft-anti-affinity": "anti-affinity"}


def _plain(data: Any) -> Any:
    """Bring the short forms to the long one: a bare kind, and Nova's soft kinds."""
    if isinstance(data, str):
        data = {"kind": data}
    if isinstance(data, dict) and isinstance(kind := data.get("kind"), str) and kind in _SOFT:
        data = {
            **data,
            "kind": _SOFT[kind],
            "weight": 1 if data.get("weight") is None else data["weight"],
        }
    return data


class _ShortForms:
    """Short forms in the JSON Schema: a bare kind for its default fields. Answers have none."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        if handler.mode == "serialization":
            return handler(core)
        return {"anyOf": [{"enum": [*_bare(), *_SOFT]}, handler(core), *map(_soft, _SOFT)]}


def _bare() -> list[str]:
    """Return the kinds that need no field beside them."""
    return [kind for kind, policy in POLICIES.items() if _sound(policy)]


def _sound(policy: type[Policy]) -> bool:
    try:
        policy.model_validate({})
    except ValidationError:
        return False
    return True


def _soft(kind: str) -> JsonSchemaValue:
    schema = POLICIES[_SOFT[kind]].model_json_schema()
    return {
        **schema,
        "title": kind,
        "properties": {**schema["properties"], "kind": {"const": kind}},
    }


if TYPE_CHECKING:
    AnyPolicy = Policy
else:
    AnyPolicy = Annotated[
        Union[tuple(POLICIES.values())],  # noqa: UP007 - built from the registry
        Field(discriminator="kind"),
        BeforeValidator(_plain),
        _ShortForms(),
    ]


class Group(application.Group[AnyPolicy]):
    __doc__ = application.Group.__doc__

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            name: str,
            policies: Iterable[Policy | str | Mapping[str, Any]] = ...,
            members: Iterable[application.Members | Mapping[str, Any]] = ...,
            groups: Iterable[str] = ...,
            tenant_id: str | None = ...,
            at_least: int | None = ...,
            metadata: Any = None,
        ) -> None: ...


class Application(application.Application[AnyPolicy]):
    __doc__ = application.Application.__doc__

    groups: tuple[Group, ...] = ()

    if TYPE_CHECKING:
        # What the constructor takes: every form that it converts to the fields' types.
        def __init__(
            self,
            *,
            version: Literal[1] = ...,
            name: str | None = ...,
            flavors: Mapping[str, application.Flavor | Mapping[str, Any]] = ...,
            groups: Iterable[Group | Mapping[str, Any]] = ...,
            existing: Iterable[application.Existing | Mapping[str, Any]] = ...,
            host_price: int | None = ...,
            metadata: Any = None,
        ) -> None: ...
