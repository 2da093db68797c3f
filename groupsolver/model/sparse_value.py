"""Values with keys that their documents have only where these differ from their default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from groupsolver.model.value import Value

_NULL = {"type": "null"}


class Sparse(Value):
    """A value whose document lacks the keys in `sparse` at their default, or null or empty."""

    sparse: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_empty(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        # What was never validated may be any value.
        for key in getattr(self, "sparse", ()):
            value = getattr(self, key)
            empty = not value and not isinstance(value, int)  # 0 is an amount
            if empty or value == type(self).model_fields[key].default:
                data.pop(key, None)
        return data

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # A custom serializer has no schema. Its output differs from the fields' by the sparse keys.
        schema = handler(cast(CoreSchema, _without_serializer(core)))
        resolved = handler.resolve_ref_schema(schema)
        required = resolved.get("required", ())
        resolved["required"] = [key for key in required if key not in cls.sparse]
        if handler.mode == "serialization":
            for key in cls.sparse:
                inner = resolved["properties"][key]
                types = [type_ for type_ in inner.get("anyOf", ()) if type_ != _NULL]
                if types:
                    resolved["properties"][key] = types[0] if len(types) == 1 else {"anyOf": types}
        return schema


def _without_serializer(core: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema without its serializer, also within the validators of a whole value."""
    plain = {key: value for key, value in core.items() if key != "serialization"}
    if str(core["type"]).startswith("function-"):
        plain["schema"] = _without_serializer(core["schema"])
    return plain
