"""XML text to a tree of elements, and nothing that JSON has no counterpart to. Read with defusedxml."""

from __future__ import annotations

import re

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from groupsolver.errors import BadInput, quoted
from groupsolver.files.fault_text import refuse
from groupsolver.wire.document_limits import DEPTH, too_deep
from groupsolver.wire.xml.scalars import BLANK

# A leaf's content is its text, as it stands; another's, its elements.
Content = str | list[tuple[str, "Content"]]
Element = tuple[str, Content]

# A mapping that is written as entries takes two elements a level, <entry> and <value>.
_ELEMENTS_DEEP = 2 * DEPTH + 4
_DECLARED = re.compile(r"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")


def parse_xml(text: str) -> Element:
    """Read XML: elements and their text; comments are passed over.

    Raises
    ------
    BadInput
        ``not-xml``; ``unsafe-xml`` for document types and entities, which are not followed;
        ``xml-only`` for attributes, namespaces, processing instructions, and text beside elements;
        ``too-deep``; ``not-text`` for a declared encoding other than UTF-8.
    """
    if (declared := _DECLARED.match(text)) and declared[1].lower() not in {
        "utf-8",
        "utf8",
        "us-ascii",
    }:
        raise refuse(
            "not-text", f"expected UTF-8 text, found the declared encoding {quoted(declared[1])}"
        )
    tree = _Tree()
    parser = XMLParser(target=tree, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    # Expat calls the tree itself, beside defusedxml's guards: half the time of going through the parser's own methods.
    parser.parser.StartElementHandler = tree.begin
    parser.parser.EndElementHandler = tree.finish
    parser.parser.CharacterDataHandler = tree.text
    try:
        parser.feed(text)
        parser.close()
        return tree.root()
    except ParseError as error:
        raise refuse("not-xml", f"expected XML: {error}") from None
    except DefusedXmlException:
        raise refuse(
            "unsafe-xml", "expected XML without a document type and entities of its own"
        ) from None
    finally:
        tree.forget()  # a parser that stopped short is in a circle with its handlers


class _Tree:
    """What the parser calls: it refuses as early as it can, and keeps names and texts alone."""

    def __init__(self) -> None:
        self._open: list[
            list[Element]
        ] = []  # what the elements hold that the one here stands in, the outermost first
        self._here: list[Element] = []
        self._texts: list[str] = []  # pieces of text since the last tag

    def root(self) -> Element:
        return self._here[0]

    def forget(self) -> None:
        self._open, self._here, self._texts = [], [], []

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if attributes:
            raise _xml_only(f"attributes, found {quoted(next(iter(attributes)))} of <{name[:40]}>")
        if "}" in name:  # of the prefix xml:, the only one that needs no declaration
            raise _xml_only(f"namespaces, found {quoted(name)}")
        if len(self._open) == _ELEMENTS_DEEP:
            raise too_deep()
        if self._texts:
            self._only_blank()
        self._open.append(self._here)
        self._here = []

    def text(self, text: str) -> None:
        self._texts.append(text)

    def finish(self, name: str) -> None:
        content: Content = self._here
        if not content:
            content = "".join(self._texts)
            self._texts = []
        elif self._texts:
            self._only_blank()
        self._here = self._open.pop()
        self._here.append((name, content))

    def _only_blank(self) -> None:
        if text := "".join(self._texts).strip(BLANK):
            raise _xml_only(f"text beside elements, found {quoted(text)}")
        self._texts = []

    def start_ns(
        self, prefix: str, uri: str
    ) -> None:  # by this name the parser finds it, as it does `pi`
        raise _xml_only(f"namespaces, found {quoted(uri)}")

    def pi(self, target: str, data: str) -> None:
        raise _xml_only(f"processing instructions, found {quoted(target)}")


def _xml_only(message: str) -> BadInput:
    return refuse("xml-only", f"expected XML without {message}")
