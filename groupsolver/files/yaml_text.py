"""YAML text to plain data, and back.

The subset is what JSON can express: a plain scalar is null, true, false or a number where it is in
JSON, and text otherwise (``no``, ``2024-01-01``, ``0x10`` and ``1:30`` are text); a key is text.
Anchors, aliases and merge keys (``<<``) work.

Data is built from the parser's events and not by PyYAML's own constructor: so the size to which
aliases grow is known before they are expanded, and nothing recurses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import isinf
from typing import Any

import yaml

from groupsolver.errors import BadInput
from groupsolver.files.fault_text import path_of, refuse, shown

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # PyYAML built without libyaml
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

MAX_ALIASED = 1_000_000  # values that aliases may add: more than any fleet that fits a file needs
MAX_DEPTH = 100

_WORDS: dict[str, bool | None] = dict.fromkeys(["", "~", "null", "Null", "NULL"])
_WORDS |= dict.fromkeys(["true", "True", "TRUE"], True)
_WORDS |= dict.fromkeys(["false", "False", "FALSE"], False)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_MAX_DIGITS = 400  # of a number
_PLAIN_TAGS = {"!", "tag:yaml.org,2002:str"}
_TAGS = {
    yaml.SequenceStartEvent: "tag:yaml.org,2002:seq",
    yaml.MappingStartEvent: "tag:yaml.org,2002:map",
}
_END_EVENTS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
_KEY_IS_NO_TEXT = "expected a key that is text, found a list or mapping"


@dataclass
class _Frame:
    """A list or mapping that is being read.

    Attributes
    ----------
    value : list or dict
    anchor : str or None
    size : int
        Values in it, itself included, with aliases expanded.
    key : str or None
        Of a mapping: the key whose value comes next.
    merging : bool
        Whether that key is ``<<``.
    merged : set of str
        Keys that came by ``<<``, which later ones override.
    """

    value: Any
    anchor: str | None
    size: int = 1
    key: str | None = None
    merging: bool = False
    merged: set[str] = field(default_factory=set)

    @property
    def expects_key(self) -> bool:
        return isinstance(self.value, dict) and self.key is None


@dataclass(frozen=True)
class _Anchor:
    """A value that aliases refer to.

    Attributes
    ----------
    value : plain data
    size : int
        Values in it, itself included, with aliases expanded.
    text : str or None
        The text of a scalar; None for a list or mapping.
    """

    value: Any
    size: int
    text: str | None = None


class _Builder:
    """Builds plain data from events. `root` is set when `run` returns."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchor] = {}
        self._aliased = 0  # values that aliases have added so far
        self.root: Any = None

    def run(self) -> None:
        documents = 0
        while (event := self._loader.get_event()) is not None:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind in _TAGS:
                self._open(event, [] if kind is yaml.SequenceStartEvent else {})
            elif kind in _END_EVENTS:
                self._close()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    message = "expected one document, found a second one"
                    raise self._error(event, "yaml-only", message)

    def _error(self, event: yaml.Event, code: str, message: str) -> BadInput:
        return refuse(code, f"{_position(event.start_mark)}{message}", self._path())

    def _path(self) -> str:
        """Return the place of the current value."""
        parts = [
            len(frame.value) if isinstance(frame.value, list) else frame.key
            for frame in self._stack
        ]
        root = self._stack[0].value if self._stack else None
        return path_of([part for part in parts if part is not None], root)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text = event.value
        plain = event.implicit[0]
        if not plain and event.tag is not None and event.tag not in _PLAIN_TAGS:
            message = f"expected no tag but !!str, found {shown(event.tag)}"
            raise self._error(event, "yaml-only", message)
        value: Any = text
        if plain and text in _WORDS:
            value = _WORDS[text]
        elif plain and text[0] in "-0123456789" and _NUMBER.fullmatch(text):
            value = self._number(event, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, 1, text)
        self._add(event, value, 1, text, plain)

    def _number(self, event: yaml.Event, text: str) -> int | float:
        whole = _INTEGER.fullmatch(text)
        if len(text) > _MAX_DIGITS or (not whole and isinf(float(text))):
            raise self._error(event, "not-finite", "expected a finite number of at most 64 bits")
        return int(text) if whole else float(text)

    def _open(self, event: Any, value: Any) -> None:
        """Begin a list or mapping."""
        if event.tag not in (None, "!", _TAGS[type(event)]):
            raise self._error(event, "yaml-only", f"expected no tag, found {shown(event.tag)}")
        if self._stack and self._stack[-1].expects_key:
            raise self._error(event, "yaml-only", _KEY_IS_NO_TEXT)
        if len(self._stack) >= MAX_DEPTH:
            message = f"{_position(event.start_mark)}nested deeper than {MAX_DEPTH} levels"
            raise refuse("too-deep", message)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Frame(value, event.anchor))

    def _close(self) -> None:
        """End a list or mapping."""
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchor(frame.value, frame.size)
        self._add(None, frame.value, frame.size, None)

    def _alias(self, event: yaml.AliasEvent) -> None:
        anchor = self._anchors.get(event.anchor or "")
        if anchor is None:
            if any(frame.anchor == event.anchor for frame in self._stack):
                message = f"the alias {shown(event.anchor)} contains itself"
                raise self._error(event, "too-many-aliases", message)
            message = f"the alias {shown(event.anchor)} has no anchor before it"
            raise self._error(event, "not-yaml", message)
        self._aliased += anchor.size
        if self._aliased > MAX_ALIASED:
            message = f"expected aliases that add at most {MAX_ALIASED} values, found more"
            raise self._error(event, "too-many-aliases", message)
        self._add(event, anchor.value, anchor.size, anchor.text)

    def _add(
        self, event: yaml.Event | None, value: Any, size: int, text: str | None, plain: bool = False
    ) -> None:
        """Add a value, or a key, to the list or mapping that is being read.

        Parameters
        ----------
        event : Event or None
            None at the end of a list or mapping.
        value : plain data
        size : int
            Values in it, itself included, with aliases expanded.
        text : str or None
            The text of a scalar; None for a list or mapping.
        plain : bool
            Whether it is a scalar without quotes.
        """
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            assert event is not None  # noqa: S101 - `_open` refuses lists and mappings as keys
            self._add_key(event, frame, text, plain)
        else:
            if frame.merging:
                self._merge(frame, value)
            else:
                frame.value[frame.key] = value
                frame.merged.discard(frame.key)
            frame.key = None

    def _add_key(self, event: yaml.Event, frame: _Frame, text: str | None, plain: bool) -> None:
        if text is None:  # an alias of a list or mapping
            raise self._error(event, "yaml-only", _KEY_IS_NO_TEXT)
        frame.key = text
        frame.merging = plain and text == "<<"
        if text in frame.value and text not in frame.merged and not frame.merging:
            raise self._error(event, "duplicate-key", f"the key {shown(text)} appears twice")

    def _merge(self, frame: _Frame, value: Any) -> None:
        for mapping in value if isinstance(value, list) else [value]:
            if not isinstance(mapping, dict):
                message = f"expected a mapping to merge, found {shown(mapping)}"
                raise refuse("yaml-only", message, self._path())
            new_keys = mapping.keys() - frame.value.keys()
            frame.value.update((key, inner) for key, inner in mapping.items() if key in new_keys)
            frame.merged |= new_keys


def _position(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: "


def parse_yaml(text: str) -> Any:
    """Parse YAML. Raises `BadInput` for every error in it."""
    loader = None
    try:
        loader = Loader(text)
        builder = _Builder(loader)
        builder.run()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _position(mark) if mark is not None else ""
        problem = error.problem or error.context
        raise refuse("not-yaml", f"{where}expected YAML: {problem}") from None
    except yaml.YAMLError as error:  # of the characters
        reason = str(error).splitlines()[0] if str(error) else "unreadable"
        raise refuse("not-yaml", f"expected YAML: {reason}") from None
    finally:
        if loader is not None:
            loader.dispose()
    return builder.root


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes texts which this module reads as numbers, though PyYAML does not."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(rf"^{_NUMBER.pattern}$"), list("-0123456789")
)


def _quoted_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Next to a next-line character PyYAML adds blanks, except between double quotes.
    style = '"' if "\x85" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted_text)


def dump_yaml(data: Any) -> str:
    """Write plain data as YAML that `parse_yaml` reads back."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)
