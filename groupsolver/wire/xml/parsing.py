"""XML text to a tree of elements, limited to what JSON has a counterpart for. Uses defusedxml."""

from __future__ import annotations

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from groupsolver.errors import BadInput, quoted
from groupsolver.files.fault_text import refuse
from groupsolver.files.xml_encoding import require_utf8
from groupsolver.wire.document_limits import MAX_DEPTH, too_deep
from groupsolver.wire.xml.scalars import BLANK

# The content of a leaf is its text, unchanged; the content of any other element, its elements.
Content = str | list[tuple[str, "Content"]]
Element = tuple[str, Content]

# A mapping that is written as entries takes two elements a level, <entry> and <value>.
_MAX_ELEMENT_DEPTH = 2 * MAX_DEPTH + 4


def parse_xml(text: str) -> Element:
    """Parse XML: elements and their text; comments are ignored.

    Raises
    ------
    BadInput
        ``not-xml``; ``unsafe-xml`` for document types and entities, which are not followed;
        ``xml-only`` for attributes, namespaces, processing instructions, and text beside elements;
        ``too-deep``; ``not-text`` for a declared encoding other than UTF-8.
    """
    require_utf8(text)
    builder = _TreeBuilder()
    parser = XMLParser(target=builder, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    # Expat calls the builder directly; defusedxml's guards stay. Going through the parser's own
    # methods would take twice the time.
    parser.parser.StartElementHandler = builder.start_element
    parser.parser.EndElementHandler = builder.end_element
    parser.parser.CharacterDataHandler = builder.add_text
    try:
        parser.feed(text)
        parser.close()
        return builder.root()
    except ParseError as error:
        raise refuse("not-xml", f"expected XML: {error}") from None
    except DefusedXmlException:
        message = "expected XML without a document type and entities of its own"
        raise refuse("unsafe-xml", message) from None
    finally:
        builder.clear()  # a parser that stopped early is in a reference cycle with its handlers


class _TreeBuilder:
    """Handlers of the parser: they refuse as early as possible, and keep only names and texts."""

    def __init__(self) -> None:
        # The children found so far of each element that encloses the current one, outermost first.
        self._enclosing: list[list[Element]] = []
        self._children: list[Element] = []  # of the current element
        self._texts: list[str] = []  # pieces of text since the last tag

    def root(self) -> Element:
        return self._children[0]

    def clear(self) -> None:
        self._enclosing = []
        self._children = []
        self._texts = []

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        if attributes:
            attribute = next(iter(attributes))
            raise _xml_only(f"attributes, found {quoted(attribute)} of <{name[:40]}>")
        if "}" in name:  # of the prefix xml:, the only one that needs no declaration
            raise _xml_only(f"namespaces, found {quoted(name)}")
        if len(self._enclosing) == _MAX_ELEMENT_DEPTH:
            raise too_deep()
        if self._texts:
            self._drop_blank_text()
        self._enclosing.append(self._children)
        self._children = []

    def add_text(self, text: str) -> None:
        self._texts.append(text)

    def end_element(self, name: str) -> None:
        content: Content = self._children
        if not content:
            content = "".join(self._texts)
            self._texts = []
        elif self._texts:
            self._drop_blank_text()
        self._children = self._enclosing.pop()
        self._children.append((name, content))

    def _drop_blank_text(self) -> None:
        text = "".join(self._texts).strip(BLANK)
        if text:
            raise _xml_only(f"text beside elements, found {quoted(text)}")
        self._texts = []

    # The parser finds `start_ns` and `pi` by these names.
    def start_ns(self, prefix: str, uri: str) -> None:
        raise _xml_only(f"namespaces, found {quoted(uri)}")

    def pi(self, target: str, data: str) -> None:
        raise _xml_only(f"processing instructions, found {quoted(target)}")


def _xml_only(message: str) -> BadInput:
    return refuse("xml-only", f"expected XML without {message}")
