"""Any bytes and data are read, or refused as bad input; nothing else is raised."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groupsolver import BadInput, check
from groupsolver.checking.check import index_of
from groupsolver.constraints.batch_document import BatchDocument
from groupsolver.constraints.problem.problem import Problem
from groupsolver.files import (
    dump_yaml,
    load_application,
    load_batch,
    load_fleet,
    load_result,
    parse_application,
    parse_batch,
    parse_fleet,
    parse_result,
)
from groupsolver.solver.batch.merging import MergedApplications
from tests.support.documents import APP, BATCH, FLEET, RESULT, copy
from tests.support.faults import faults

Parse = Callable[[Any], Any]
BIG = 2**63 - 1

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
TRIPLES: list[tuple[Parse, Callable[[Any], Any], dict[str, Any]]] = [
    (parse_fleet, load_fleet, FLEET),
    (parse_application, load_application, APP),
    (parse_result, load_result, RESULT),
    (parse_batch, load_batch, BATCH),
]


def places(node: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    inner = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, value in inner:
        yield from places(value, (*at, key))


@st.composite
def mutated(draw: st.DrawFn, document: dict[str, Any]) -> Any:
    """Draw a valid document with some places changed, removed, copied or renamed."""
    changed = copy(document)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from([place for place in places(changed) if place]))
        node = changed
        for part in at[:-1]:
            node = node[part]
        how = draw(st.sampled_from(["value", "value", "out", "copy", "key"]))
        if how == "value":
            scalars: Any = st.sampled_from(
                [None, True, 0, -1, 1.5, BIG, BIG + 1, "", "LB", "h1", "zone", [], {}, [None]]
            )
            node[at[-1]] = draw(scalars | JSON)
        elif how == "copy":
            other = changed
            for part in draw(st.sampled_from(list(places(changed)))):
                other = other[part]
            node[at[-1]] = copy(other)
        elif how == "out" or isinstance(node, list):
            del node[at[-1]]
        else:
            node[draw(st.text(max_size=5))] = node.pop(at[-1])
    return changed


def merged_problem(batch: BatchDocument) -> Problem:
    merged = MergedApplications({app.name: app for app in batch.applications})
    return Problem(merged.app, index_of(parse_fleet(FLEET)))


def only_bad_input(read: Callable[[Any], Any], source: Any) -> Any:
    try:
        return read(source)
    except BadInput:
        faults(read, source)  # which looks at each
        return None


@pytest.mark.parametrize(("parse", "load", "document"), TRIPLES)
@given(data=st.data())
def test_a_document_that_was_changed_is_read_or_refused(
    parse: Parse, load: Callable[[Any], Any], document: dict[str, Any], data: st.DataObject
) -> None:
    changed = data.draw(mutated(document))
    value = only_bad_input(parse, changed)
    if value is not None:
        assert parse(value.document()) == value
    if value is not None and parse is parse_application:
        only_bad_input(lambda app: check(app, parse_fleet(FLEET), {}), value)
    if value is not None and parse is parse_batch:
        only_bad_input(merged_problem, value)


@pytest.mark.parametrize(("parse", "load", "document"), TRIPLES)
@given(data=JSON)
def test_any_plain_data_is_read_or_refused(
    parse: Parse, load: Callable[[Any], Any], document: dict[str, Any], data: Any
) -> None:
    only_bad_input(parse, data)


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a"])
@given(content=st.binary(max_size=80) | st.text(max_size=60).map(str.encode))
@example(content=b"\xef\xbb\xbf")
@example(content=b"%YAML 9.9\n---\n")
@example(content=b'a: "\\ud800"')
@example(content=b"\x00")
@example(content=b"a\xc2\x85b: \xe2\x80\xa8")
@example(content=b"*")
@example(content=b"? ")
@example(content=b"!<tag:yaml.org,2002:map> {}")
def test_any_bytes_are_read_or_refused(
    name: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any-{name}"
    path.write_bytes(content)
    for load in (load_fleet, load_application, load_result, load_batch):
        only_bad_input(load, path)


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a"])
@given(data=st.data())
def test_a_file_with_some_bytes_changed_is_read_or_refused(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _, load, document = data.draw(st.sampled_from(TRIPLES))
    content = bytearray(
        (dump_yaml(document) if name == "a.yaml" else json.dumps(document)).encode()
    )
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(
            st.binary(max_size=3)
            | st.sampled_from([b"&a ", b"*a", b"<<: ", b"- ", b"\n", b'"', b"{", b"]"])
        )
        content[start : start + data.draw(st.integers(0, 4))] = new
    path = tmp_path_factory.getbasetemp() / f"changed-{name}"
    path.write_bytes(content)
    only_bad_input(load, path)
