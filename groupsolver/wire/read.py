"""A body's bytes to a value, from JSON or XML; every error in them is `BadInput`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from groupsolver.errors import BadInput, nearest, quoted
from groupsolver.files.fault_text import refuse
from groupsolver.files.faults import faults_of
from groupsolver.files.gc_pause import pause_gc
from groupsolver.model.value import Value
from groupsolver.wire.document_limits import require_shallow
from groupsolver.wire.json_text import parse_json_body
from groupsolver.wire.xml.parsing import parse_xml
from groupsolver.wire.xml.shape import shape_of
from groupsolver.wire.xml.to_data import data_from_content

if TYPE_CHECKING:
    # Loads werkzeug, which only the server has.
    from groupsolver.wire.media import Kind

M = TypeVar("M", bound=Value)


def read_body(kind: Kind, body: bytes, model: type[M], *, root: str | None = None) -> M:
    """Parse and validate a body.

    Parameters
    ----------
    kind : {"json", "xml"}
    body : bytes
        UTF-8. The caller has checked its length.
    model : type of Value
    root : str, optional
        The name of XML's root element, for a body that JSON does not wrap in a key. By default it
        is the body's only key: ``{"group": ...}`` is ``<group>...</group>``.

    Raises
    ------
    BadInput
        With every fault that was found, and paths as JSON has them.
    """
    with pause_gc():
        data = read_data(kind, body, model, root=root)
        return validated(model, data)


def read_data(kind: Kind, body: bytes, model: type[Value], *, root: str | None = None) -> Any:
    """Parse a body to plain JSON data, without validating it.

    XML needs `model` to tell numbers from texts, by where they are. Raises `BadInput`.
    """
    text = _decode(body)
    if kind == "json":
        return parse_json_body(text)
    name, content = parse_xml(text)
    if root is not None and name != root:
        hint = nearest(name, [root])
        raise refuse("unknown-key", f"unknown root element {quoted(name)}{hint}; expected {root!r}")
    wrapped = [(name, content)] if root is None else content
    data = data_from_content(wrapped, shape_of(model))
    require_shallow(data)
    return data


def validated(model: type[M], data: Any) -> M:
    """Validate plain data. Raises `BadInput`."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BadInput(faults_of(error, data)) from None


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"0x{body[error.start]:02x}"
        message = f"expected UTF-8 text, found the byte {byte} at offset {error.start}"
        raise refuse("not-text", message) from None
