"""Plain data to a body's bytes, as JSON or XML."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from groupsolver.model.value import Value
from groupsolver.wire.xml.from_data import document
from groupsolver.wire.xml.shape import shape_of

if TYPE_CHECKING:
    # Loads werkzeug, which only the server has.
    from groupsolver.wire.media import Kind


def write_body(kind: Kind, data: Any, model: type[Value], *, root: str | None = None) -> bytes:
    """Write a body, which `groupsolver.wire.read.read_body` reads back as it is.

    Parameters
    ----------
    kind : {"json", "xml"}
    data : plain JSON data
        As `groupsolver.wire.bodies.core.plain` gives it.
    model : type of Value
        Tells what stands where, for XML.
    root : str, optional
        The name of XML's root element; by default the body's only key.

    Raises
    ------
    ValueError
        For what JSON or XML cannot say; data that was read before has nothing such.
    """
    if kind == "json":
        return json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document(data, shape_of(model), root)}\n'.encode()
