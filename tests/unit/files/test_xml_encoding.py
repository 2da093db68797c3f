"""The encoding that an XML document declares."""

from __future__ import annotations

import pytest

from groupsolver.errors import BadInput
from groupsolver.files.xml_encoding import require_utf8


@pytest.mark.parametrize(
    "text",
    [
        "<a/>",
        "<?xml version='1.0'?><a/>",
        "<?xml version='1.0' encoding='UTF-8'?><a/>",
        '<?xml version="1.0" encoding = "us-ascii"?><a/>',
        "<a encoding='latin-1'/>",
    ],
)
def test_utf_8_and_documents_that_declare_nothing_are_read(text: str) -> None:
    require_utf8(text)


def test_another_encoding_is_refused() -> None:
    with pytest.raises(BadInput, match="'latin-1'"):
        require_utf8("<?xml version='1.0' encoding='latin-1'?><a/>")
