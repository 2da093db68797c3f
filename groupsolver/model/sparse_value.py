"""Values with keys that stand in their documents only where there is something to tell."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from pydantic import GetJsonSchemaHandler, SerializerFunctionWrapHandler, model_serializer
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from groupsolver.model.value import Value

_NULL = {"type": "null"}


class Sparse(Value):
    """Its keys in `sparse` are left out of what it is written as where they are null or empty."""

    sparse: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _told(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        for key in self.sparse:
            if not getattr(self, key):
                data.pop(key, None)
        return data

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # A serializer of one's own has no schema: what it gives differs from the fields' by these keys.
        schema = handler(
            cast(CoreSchema, {key: value for key, value in core.items() if key != "serialization"})
        )
        found = handler.resolve_ref_schema(schema)
        found["required"] = [key for key in found.get("required", ()) if key not in cls.sparse]
        if handler.mode == "serialization":
            for key in cls.sparse:
                inner = found["properties"][key]
                if parts := [part for part in inner.get("anyOf", ()) if part != _NULL]:
                    found["properties"][key] = parts[0] if len(parts) == 1 else {"anyOf": parts}
        return schema
