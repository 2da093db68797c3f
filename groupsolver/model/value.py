"""What every value of the model shares: frozen, closed to unknown keys, with typed names.

A name in a field carries a `Refers` mark, so that resolving names, suggesting the nearest
one and generating tests need no code of their own for each policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from groupsolver.errors import MAX_FAULTS_SHOWN, quoted

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


def _unknown_key(key: str, known: str) -> PydanticCustomError:
    # Which key is nearest takes long to find: faults say it, of the first alone.
    context = {"key": quoted(key), "known": known}
    return PydanticCustomError(
        "unknown-key", "unknown key {key}; expected one of: {known}", context
    )


def _again(line: ErrorDetails) -> InitErrorDetails:
    kind, context = line["type"], line.get("ctx", {})
    known = kind in get_args(ErrorType)
    custom = PydanticCustomError(kind, "{text}", {**context, "text": line["msg"]})
    return InitErrorDetails(
        type=kind if known else custom, loc=line["loc"], input=line["input"], ctx=context
    )


class Value(BaseModel):
    """A frozen value. Unknown keys are errors; ``metadata`` and ``x-...`` are kept, ignored."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        ser_json_inf_nan="constants",
        json_schema_serialization_defaults_required=True,  # what is answered has every key
        json_schema_extra={
            "additionalProperties": False,
            "patternProperties": {"^x-": True, "^metadata$": True},
        },
    )

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_keys(cls, data: Any) -> Any:
        fields = cls.__pydantic_fields__
        if not isinstance(data, dict) or data.keys() <= fields.keys():
            return data
        if unknown := [key for key in data if key not in fields and not free_key(str(key))]:
            raise ValidationError.from_exception_data(
                cls.__name__, [*cls._strangers(data, unknown)]
            )
        return data

    @classmethod
    def _strangers(cls, data: dict[Any, Any], unknown: list[Any]) -> Iterator[InitErrorDetails]:
        """Give a fault for each of the first unknown keys, and those of the others: a user hears of all at once.

        Not what may only follow from a misspelt key: one that is missing, or names that do not resolve.
        """
        known = ", ".join(cls.model_fields)
        for key in islice(unknown, MAX_FAULTS_SHOWN):
            yield InitErrorDetails(
                type=_unknown_key(str(key), known), loc=(str(key),), input=data[key]
            )
        try:
            strange = set(unknown)
            cls.model_validate({key: value for key, value in data.items() if key not in strange})
        except ValidationError as error:
            for line in error.errors(include_url=False):
                follows = line["type"] == "missing" and len(line["loc"]) == 1
                if not follows and (line["loc"] or line["type"] not in {"missing-key", "faults"}):
                    yield _again(line)

    def document(self) -> dict[str, Any]:
        """Give the value as plain JSON data, without its fields that are null; free keys stay as they are."""
        return self.without_nulls(Value)

    def without_nulls(self, *kinds: type[Value]) -> dict[str, Any]:
        """Give the value as plain JSON data; fields that are null are left out of values of these kinds."""
        data: dict[str, Any] = _without_nulls(self, self.model_dump(mode="json"), kinds)
        return data


def _without_nulls(value: Any, data: Any, kinds: tuple[type[Value], ...]) -> Any:
    """Take null fields out of what `value` was dumped as. What stands below a free key is nobody's field."""
    if isinstance(value, Value) and isinstance(data, dict):
        fields, sparse = value.__dict__, isinstance(value, kinds)
        return {
            key: _without_nulls(fields[key], inner, kinds) if key in fields else inner
            for key, inner in data.items()
            if inner is not None or key not in fields or not sparse
        }
    if isinstance(value, dict) and _nests(value.values()):
        pairs = zip(data.items(), value.values(), strict=True)
        return {key: _without_nulls(one, inner, kinds) for (key, inner), one in pairs}
    if isinstance(value, tuple | list) and _nests(value):
        return [_without_nulls(one, inner, kinds) for one, inner in zip(value, data, strict=True)]
    return data


def _nests(values: Iterable[Any]) -> bool:
    """Whether there may be values below: the first says it, since all are of one type."""
    return isinstance(next(iter(values), None), Value | tuple | list | dict)
