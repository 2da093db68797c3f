"""Limits on depth and characters of a body."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.errors import BadInput
from groupsolver.wire.document_limits import MAX_DEPTH, require_shallow, require_xml_characters


def nested(depth: int, *, as_lists: bool) -> Any:
    data: Any = 1
    for _ in range(depth):
        data = [data] if as_lists else {"a": data}
    return data


@pytest.mark.parametrize("as_lists", [True, False], ids=["lists", "mappings"])
def test_lists_and_mappings_nest_as_deep_as_the_limit_and_no_deeper(as_lists: bool) -> None:
    require_shallow(nested(MAX_DEPTH, as_lists=as_lists))
    for depth in (MAX_DEPTH + 1, 100_000):  # deeper than Python recurses
        with pytest.raises(BadInput, match="too-deep"):
            require_shallow(nested(depth, as_lists=as_lists))


def test_each_text_and_key_that_xml_cannot_carry_is_a_fault_in_the_documents_order() -> None:
    data = {"a": ["\x00", "tab\t"], "b\x01": {"c": "\ufffe"}, "d": 5}
    with pytest.raises(BadInput) as caught:
        require_xml_characters(data)
    faults = [(fault.code, fault.path, fault.message[-6:]) for fault in caught.value.faults]
    assert [(code, end) for code, _, end in faults] == [
        ("not-for-xml", "U+0001"),
        ("not-for-xml", "U+0000"),
        ("not-for-xml", "U+FFFE"),
    ]
    assert faults[1][1] == "a[0]"
    require_xml_characters({"a": ["tab\t", "\x85", "\U0001f600"]})
