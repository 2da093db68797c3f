"""What every value of the model shares: frozen, closed to unknown keys, with typed names.

A name in a field carries a `Refers` mark, so that resolving names, suggesting the nearest
one and generating tests need no code of their own for each policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from groupsolver.errors import nearest

INT64_MAX = 2**63 - 1
HOST = "host"  # the implicit finest level


@dataclass(frozen=True)
class Refers:
    """Marks a field, or its items, as the name of something: level, group, host, trait ..."""

    what: str


_TEXT = StringConstraints(strict=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")
_CLASS = StringConstraints(strict=True, min_length=1, max_length=255, pattern=r"^[A-Z0-9_]+$")

Name = Annotated[str, _TEXT]
GroupName = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=255, pattern=r"^[^/\x00-\x1f\x7f]+$"),
    Refers("group"),
]
LevelName = Annotated[str, _TEXT, Refers("level")]
HostName = Annotated[str, _TEXT, Refers("host")]
DomainName = Annotated[str, _TEXT, Refers("domain")]
Trait = Annotated[str, _CLASS, Refers("trait")]
ResourceClass = Annotated[str, _CLASS]
Amount = Annotated[int, Field(strict=True, ge=0, le=INT64_MAX)]
Positive = Annotated[int, Field(strict=True, ge=1, le=INT64_MAX)]
Integer = Annotated[int, Field(strict=True, ge=-INT64_MAX, le=INT64_MAX)]
Flag = Annotated[bool, Field(strict=True)]


def free_key(key: str) -> bool:
    """Say whether a key may stand in any object without a meaning to this library."""
    return key == "metadata" or key.startswith("x-")


class Value(BaseModel):
    """A frozen value. Unknown keys are errors; ``metadata`` and ``x-...`` are kept, ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        ser_json_inf_nan="constants",
        json_schema_extra={
            "additionalProperties": False,
            "patternProperties": {"^x-": True, "^metadata$": True},
        },
    )

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_keys(cls, data: Any) -> Any:
        # Before the fields: a misspelt key is what a user wants to hear of, not the one then missing.
        for key in data if isinstance(data, dict) else ():
            if key not in cls.model_fields and not free_key(str(key)):
                known = list(cls.model_fields)
                raise PydanticCustomError(
                    "unknown-key",
                    "unknown key {key}{nearest}; expected one of: {known}",
                    {"key": repr(key), "name": key, "nearest": nearest(str(key), known), "known": ", ".join(known)},
                )
        return data

    def document(self) -> dict[str, Any]:
        """Give the value as plain JSON data, without keys that are null."""
        return self.model_dump(mode="json", exclude_none=True)
