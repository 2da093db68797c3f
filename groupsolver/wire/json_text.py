"""JSON bodies to plain data: limited to what a file may hold and XML can carry."""

from __future__ import annotations

import json
import re
from typing import Any

from groupsolver.files.fault_text import refuse
from groupsolver.files.json_text import parse_json
from groupsolver.wire.document_limits import require_shallow, require_xml_characters

# Text without any of these holds nothing that XML cannot carry: JSON itself allows control
# characters only as escapes.
_SUSPECT = re.compile(r"\\(?:[bf]|u(?:00[01]|[dD][89a-fA-F]|[fF]{3}[eEfF]))|[\ufffe\uffff]")


def parse_json_body(text: str) -> Any:
    """Parse JSON.

    Raises
    ------
    BadInput
        ``not-json``, ``too-deep``, ``not-for-xml``, and what `groupsolver.files` refuses in JSON.
    """
    try:
        data = parse_json(text)
    except json.JSONDecodeError as error:
        message = f"expected JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        raise refuse("not-json", message) from None
    require_shallow(data)
    if _SUSPECT.search(text):
        require_xml_characters(data)
    return data
