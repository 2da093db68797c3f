"""JSON Schemas made as strict as the parsers."""

from __future__ import annotations

from groupsolver.files.schema import closed


def test_keys_that_match_no_pattern_are_refused_unless_the_schema_allows_them() -> None:
    patterns = {"patternProperties": {"^a": {"type": "integer"}}}
    assert closed({"items": [patterns]}) == {"items": [{"additionalProperties": False, **patterns}]}
    allowed = {**patterns, "additionalProperties": True}
    assert closed(allowed) == allowed


def test_a_constant_kind_is_required_even_with_a_default() -> None:
    kind = {"const": "near", "default": "near"}
    schema = {"properties": {"kind": kind}, "required": ["group", "kind"]}
    assert closed(schema)["required"] == ["kind", "group"]
    assert "required" not in closed({"properties": {"kind": {"type": "string"}}})
