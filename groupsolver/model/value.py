"""The base of all values of the model: frozen, closed to unknown keys, with typed names.

A name in a field carries a `Refers` mark, so that resolving names, suggesting the nearest
one and generating tests need no code for each policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, Literal, Self, get_args

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

from groupsolver.errors import MAX_FAULTS_SHOWN, BadInput, Fault, described, quoted

INT64_MAX = 2**63 - 1
HOST = "host"  # the implicit finest level
Domain = tuple[str, str]  # (level, name); the level may be ``host``
DistanceMeasure = Literal["hops", "latency"]  # latency in microseconds


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
# The sum of the values of 100,000 members stays far within 64 bits.
MemberValue = Annotated[int, Field(strict=True, ge=1, le=10**9)]
Percent = Annotated[int, Field(strict=True, ge=1, le=100)]
PercentOrZero = Annotated[int, Field(strict=True, ge=0, le=100)]
Integer = Annotated[int, Field(strict=True, ge=-INT64_MAX, le=INT64_MAX)]
Flag = Annotated[bool, Field(strict=True)]


def free_key(key: str) -> bool:
    """Return whether any object may have a key, which then has no meaning to this library."""
    return key == "metadata" or key.startswith("x-")


def _unknown_key(key: str, known: str) -> PydanticCustomError:
    # Finding the nearest known key takes long: faults name it for the first unknown key only.
    context = {"key": quoted(key), "known": known}
    return PydanticCustomError(
        "unknown-key", "unknown key {key}; expected one of: {known}", context
    )


def _repeated(line: ErrorDetails) -> InitErrorDetails:
    """Return an error that pydantic reported, so that it can be raised once more."""
    kind = line["type"]
    context = line.get("ctx", {})
    known = kind in get_args(ErrorType)
    custom = PydanticCustomError(kind, "{text}", {**context, "text": line["msg"]})
    return InitErrorDetails(
        type=kind if known else custom, loc=line["loc"], input=line["input"], ctx=context
    )


# Describes pydantic's errors in given data. The names of policies are on a higher floor, which
# registers its function here when the package is imported.
FaultReader = Callable[[ValidationError, Any], list[Fault]]
_fault_readers: list[FaultReader] = []


def register_fault_reader(reader: FaultReader) -> None:
    """Register the function by which constructors describe what is wrong with their arguments."""
    _fault_readers[:] = [reader]


class Value(BaseModel):
    """A frozen value. Unknown keys are errors; ``metadata`` and ``x-...`` are kept, ignored.

    Its constructor raises `BadInput`, with all faults. `model_validate` raises pydantic's
    `ValidationError`, as it does within another value's validation.
    """

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

    def __init__(self, /, *args: object, **data: Any) -> None:
        if args:
            kind = type(self)
            fields = ", ".join(kind.model_fields)
            given = described(args[0])
            raise TypeError(f"{kind.__name__}: expected fields by name ({fields}), got {given}")
        try:
            super().__init__(**data)
        except ValidationError as error:
            faults = [fault for reader in _fault_readers for fault in reader(error, data)]
            if not faults:  # no reader: the module was imported by itself
                raise
            raise BadInput(faults) from None

    # Pydantic calls a class's own `__init__` also when it validates, unless it has this mark. With
    # it, validation is as fast as without, and nested faults keep their paths.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    @model_validator(mode="before")
    @classmethod
    def _no_unknown_keys(cls, data: Any) -> Any:
        fields = cls.__pydantic_fields__
        if not isinstance(data, dict) or data.keys() <= fields.keys():
            return data
        unknown = [key for key in data if key not in fields and not free_key(str(key))]
        if unknown:
            faults = [*cls._faults_of_keys(data, unknown)]
            raise ValidationError.from_exception_data(cls.__name__, faults)
        return data

    @classmethod
    def _faults_of_keys(
        cls, data: dict[Any, Any], unknown: list[Any]
    ) -> Iterator[InitErrorDetails]:
        """Yield a fault for each of the first unknown keys, and the faults of the other keys.

        So a user hears of all at once. Left out is what may only follow from a misspelt key: a key
        that is missing, or names that do not resolve.
        """
        known = ", ".join(cls.model_fields)
        for key in islice(unknown, MAX_FAULTS_SHOWN):
            yield InitErrorDetails(
                type=_unknown_key(str(key), known), loc=(str(key),), input=data[key]
            )
        try:
            excluded = set(unknown)
            known_keys = {key: value for key, value in data.items() if key not in excluded}
            cls.model_validate(known_keys)
        except ValidationError as error:
            for line in error.errors(include_url=False):
                follows = line["type"] == "missing" and len(line["loc"]) == 1
                of_whole = not line["loc"] and line["type"] in {"missing-key", "faults"}
                if not follows and not of_whole:
                    yield _repeated(line)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other fields, which are not validated: see pydantic.

        What was derived from the fields, and kept, is left out of the copy.
        """
        copied = super().model_copy(update=update, deep=deep)
        if update:
            kept = copied.__dict__
            for name in kept.keys() - type(self).__pydantic_fields__.keys():
                del kept[name]
        return copied

    def revalidated(self) -> Self:
        """Return the value, all of its fields validated anew. Raises `BadInput`.

        For values that callers may have made with `model_copy` or `model_construct`.
        """
        return type(self)(**self.model_dump(warnings=False))

    def document(self) -> dict[str, Any]:
        """Return the value as plain JSON data, without its fields that are null.

        Free keys stay as they are.
        """
        return self.without_nulls(Value)

    def without_nulls(self, *kinds: type[Value]) -> dict[str, Any]:
        """Return the value as plain JSON data, without null fields in values of these kinds."""
        data: dict[str, Any] = _without_nulls(self, self.model_dump(mode="json"), kinds)
        return data


def _without_nulls(value: Any, data: Any, kinds: tuple[type[Value], ...]) -> Any:
    """Return `data`, which `value` was dumped as, without null fields.

    What is below a free key is no field: it stays as it is.
    """
    if isinstance(value, Value) and isinstance(data, dict):
        fields = value.__dict__
        sparse = isinstance(value, kinds)
        kept = {}
        for key, inner in data.items():
            if key not in fields:
                kept[key] = inner
            elif inner is not None or not sparse:
                kept[key] = _without_nulls(fields[key], inner, kinds)
        return kept
    if isinstance(value, dict) and _nests(value.values()):
        pairs = zip(data.items(), value.values(), strict=True)
        return {key: _without_nulls(one, inner, kinds) for (key, inner), one in pairs}
    if isinstance(value, tuple | list) and _nests(value):
        return [_without_nulls(one, inner, kinds) for one, inner in zip(value, data, strict=True)]
    return data


def _nests(values: Iterable[Any]) -> bool:
    """Return whether there may be values below: all are of one type, so the first decides."""
    return isinstance(next(iter(values), None), Value | tuple | list | dict)
