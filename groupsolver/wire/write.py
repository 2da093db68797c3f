"""Plain data to a body's bytes, as JSON or XML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from groupsolver.model.value import Value
from groupsolver.wire.xml.from_data import write_document
from groupsolver.wire.xml.shape import shape_of

if TYPE_CHECKING:
    # Loads werkzeug, which only the server has.
    from groupsolver.wire.media import Kind


def write_body(kind: Kind, data: Any, model: type[Value], *, root: str | None = None) -> bytes:
    """Serialize a body; `groupsolver.wire.read.read_body` reads it back unchanged.

    Parameters
    ----------
    kind : {"json", "xml"}
    data : plain JSON data
        As `groupsolver.wire.bodies.plain_data.plain` returns it.
    model : type of Value
        The type of the body, for XML.
    root : str, optional
        The name of XML's root element; by default the body's only key.

    Raises
    ------
    ValueError
        For what JSON or XML cannot express; data that was read from a body has nothing of the kind.
    """
    if kind == "json":
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    else:
        element = write_document(data, shape_of(model), root)
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{element}\n'
    return text.encode()
