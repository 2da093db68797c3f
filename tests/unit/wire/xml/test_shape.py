"""The shape of a body, derived from its model."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from groupsolver.model.fleet import Host
from groupsolver.model.value import Value
from groupsolver.wire.bodies.groups import GroupRequest
from groupsolver.wire.read import read_data
from groupsolver.wire.write import write_body
from groupsolver.wire.xml.scalars import is_element_name
from groupsolver.wire.xml.shape import Shape, shape_of
from tests.support.draws.bodies import BODIES


def keys_of(shape: Shape) -> Iterator[str]:
    inner = [*shape.keys.values(), shape.others, shape.items]
    yield from shape.keys
    yield shape.singular
    for part in inner:
        yield from keys_of(part) if part else ()


@pytest.mark.parametrize("model", [model for model, _, _ in BODIES])
def test_every_key_of_a_body_is_an_element_and_no_word_of_the_form_itself(
    model: type[Value],
) -> None:
    assert {key for key in keys_of(shape_of(model)) if not is_element_name(key)} <= {"item"}


def test_a_shape_tells_what_the_texts_of_a_union_are() -> None:
    shape = shape_of(GroupRequest).keys["group"]
    policy = shape.keys["policies"].items
    assert policy is not None
    assert (shape.keys["policies"].singular, shape.keys["metadata"].entries, policy.text) == (
        "policy",
        True,
        "string",
    )
    assert policy.keys["max_per_domain"].text == "int"
    inventory = shape_of(Host).keys["inventory"].others
    assert inventory is not None
    assert (inventory.text, inventory.keys["allocation_ratio"].text) == ("int", "float")


def test_where_a_number_and_a_text_may_stand_a_number_says_that_it_is_one() -> None:
    class Either(Value):
        size: int | str
        ratio: int | float

    data = {"size": 5, "ratio": 1.5}
    xml = write_body("xml", data, Either, root="either")
    assert b"<either><size><int>5</int></size><ratio>1.5</ratio></either>" in xml
    assert read_data("xml", xml, Either, root="either") == data
    assert read_data("xml", b"<either><size>5</size></either>", Either, root="either") == {
        "size": "5"
    }
