"""The encoding that an XML document declares."""

from __future__ import annotations

import re

from groupsolver.errors import quoted
from groupsolver.files.fault_text import refuse

_DECLARED = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")
_READABLE = {"utf-8", "utf8", "us-ascii"}


def require_utf8(text: str) -> None:
    """Raise `BadInput`, ``not-text``, for a declared encoding other than UTF-8.

    The text was decoded as UTF-8 already: another encoding would mean that it was misread.
    """
    declared = _DECLARED.match(text)
    if declared is not None and declared[1].lower() not in _READABLE:
        raise refuse(
            "not-text", f"expected UTF-8 text, found the declared encoding {quoted(declared[1])}"
        )
