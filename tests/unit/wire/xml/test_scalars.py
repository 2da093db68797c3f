"""Scalars in XML: what a text is read as, and which keys can be element names."""

from __future__ import annotations

import pytest

from groupsolver.wire.xml.scalars import TextType, is_element_name, parse_scalar


@pytest.mark.parametrize(
    ("text", "expected", "value"),
    [
        ("5", None, "5"),
        ("5", "string", "5"),
        (" true ", "bool", True),
        ("false", "bool", False),
        ("True", "bool", "True"),
        ("5", "int", 5),
        (" -5\n", "int", -5),
        ("12345678901234567890", "int", 12345678901234567890),
        ("5.0", "int", "5.0"),
        ("\u0665", "int", "\u0665"),  # a digit of another script
        ("5", "float", 5),
        ("5.5e1", "float", 55.0),
        ("1e999", "float", "1e999"),
        ("nan", "float", "nan"),
        ("1" * 5000, "int", "1" * 5000),
    ],
)
def test_a_text_is_read_as_the_expected_type_or_remains_a_text(
    text: str, expected: TextType | None, value: object
) -> None:
    found = parse_scalar(text, expected)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "possible"),
    [
        ("name", True),
        ("x-a.b_1", True),
        ("a" * 300, True),
        ("1a", False),
        ("a b", False),
        ("xmlThing", False),
        ("\u00e9", False),
        ("", False),
        ("item", False),
        ("entry", False),
        ("null", False),
        ("key", True),
    ],
)
def test_a_key_is_an_element_name_unless_xml_forbids_it_or_it_has_another_meaning(
    key: str, possible: bool
) -> None:
    assert is_element_name(key) == possible
