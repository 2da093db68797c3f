"""YAML text to plain data, and back.

The subset is what JSON can say: a plain scalar is null, true, false or a number where JSON
would read it so, and text otherwise (``no``, ``2024-01-01``, ``0x10`` and ``1:30`` are text);
a key is text. Anchors, aliases and merge keys (``<<``) work.

Built from the parser's events rather than by PyYAML's own constructor: the size that aliases
would grow to is known before they are followed, and nothing recurses.
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
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_PLAIN_TAGS = {"!", "tag:yaml.org,2002:str"}
_TAGS = {
    yaml.SequenceStartEvent: "tag:yaml.org,2002:seq",
    yaml.MappingStartEvent: "tag:yaml.org,2002:map",
}


@dataclass
class _Frame:
    """A list or mapping that is being read."""

    value: Any
    anchor: str | None
    size: int = 1  # values in it, itself included, aliases followed
    key: str | None = None  # of a mapping: the key whose value comes next
    merging: bool = False  # that key is `<<`
    merged: set[str] = field(
        default_factory=set
    )  # keys that came by `<<`, which later ones override


class _Builder:
    """Builds plain data from events. `root` is filled when `run` returns."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int, str | None]] = {}  # value, size, text of a scalar
        self._aliased = 0
        self.root: Any = None

    def run(self) -> None:
        documents = 0
        while (event := self._loader.get_event()) is not None:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._scalar(event)
            elif kind in _TAGS:
                self._open(event, [] if kind is yaml.SequenceStartEvent else {})
            elif kind in (yaml.SequenceEndEvent, yaml.MappingEndEvent):
                self._close()
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    raise self._refuse(
                        event, "yaml-only", "expected one document, found a second one"
                    )

    def _refuse(self, event: yaml.Event, code: str, message: str) -> BadInput:
        return refuse(code, f"{_position(event.start_mark)}{message}", self._path())

    def _path(self) -> str:
        loc = [len(f.value) if isinstance(f.value, list) else f.key for f in self._stack]
        return path_of(
            [part for part in loc if part is not None],
            self._stack[0].value if self._stack else None,
        )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        text, plain = event.value, event.implicit[0]
        if not plain and event.tag is not None and event.tag not in _PLAIN_TAGS:
            raise self._refuse(
                event, "yaml-only", f"expected no tag but !!str, found {shown(event.tag)}"
            )
        value: Any = text
        if plain and text in _WORDS:
            value = _WORDS[text]
        elif plain and text[0] in "-0123456789" and _NUMBER.fullmatch(text):
            value = self._number(event, text)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, 1, text
        self._add(event, value, 1, text, plain=plain)

    def _number(self, event: yaml.Event, text: str) -> int | float:
        whole = _INTEGER.fullmatch(text)
        if len(text) > 400 or (not whole and isinf(float(text))):
            raise self._refuse(event, "not-finite", "expected a finite number of at most 64 bits")
        return int(text) if whole else float(text)

    def _open(self, event: Any, value: Any) -> None:
        if event.tag not in (None, "!", _TAGS[type(event)]):
            raise self._refuse(event, "yaml-only", f"expected no tag, found {shown(event.tag)}")
        if self._stack and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None:
            raise self._refuse(
                event, "yaml-only", "expected a key that is text, found a list or mapping"
            )
        if len(self._stack) >= MAX_DEPTH:
            raise refuse(
                "too-deep", f"{_position(event.start_mark)}nested deeper than {MAX_DEPTH} levels"
            )
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        self._stack.append(_Frame(value, event.anchor))

    def _close(self) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = frame.value, frame.size, None
        self._add(None, frame.value, frame.size, None)

    def _alias(self, event: yaml.AliasEvent) -> None:
        if event.anchor not in self._anchors:
            if any(frame.anchor == event.anchor for frame in self._stack):
                raise self._refuse(
                    event, "too-many-aliases", f"the alias {shown(event.anchor)} contains itself"
                )
            raise self._refuse(
                event, "not-yaml", f"the alias {shown(event.anchor)} has no anchor before it"
            )
        value, size, text = self._anchors[event.anchor]
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            message = f"expected aliases that add at most {MAX_ALIASED} values, found more"
            raise self._refuse(event, "too-many-aliases", message)
        self._add(event, value, size, text)

    def _add(
        self, event: yaml.Event | None, value: Any, size: int, text: str | None, plain: bool = False
    ) -> None:
        """Put a value, or a key, where it belongs; `text` is what stands there of a scalar."""
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        frame.size += size
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            if text is None:
                assert event is not None  # noqa: S101 - `_open` refuses lists and mappings; an alias remains
                raise self._refuse(
                    event, "yaml-only", "expected a key that is text, found a list or mapping"
                )
            frame.key, frame.merging = text, plain and text == "<<"
            if (
                event is not None
                and not frame.merging
                and text in frame.value
                and text not in frame.merged
            ):
                raise self._refuse(
                    event, "duplicate-key", f"the key {shown(text)} stands here twice"
                )
        else:
            if frame.merging:
                self._merge(frame, value)
            else:
                frame.value[frame.key] = value
                frame.merged.discard(frame.key)
            frame.key = None

    def _merge(self, frame: _Frame, value: Any) -> None:
        for mapping in value if isinstance(value, list) else [value]:
            if not isinstance(mapping, dict):
                raise refuse(
                    "yaml-only",
                    f"expected a mapping to merge, found {shown(mapping)}",
                    self._path(),
                )
            fresh = mapping.keys() - frame.value.keys()
            frame.value.update((key, inner) for key, inner in mapping.items() if key in fresh)
            frame.merged |= fresh


def _position(mark: Any) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: "


def parse_yaml(text: str) -> Any:
    """Read YAML. Raises `BadInput` for whatever is wrong with it."""
    loader = None
    try:
        loader = Loader(text)
        builder = _Builder(loader)
        builder.run()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _position(mark) if mark is not None else ""
        raise refuse(
            "not-yaml", f"{where}expected YAML: {error.problem or error.context}"
        ) from None
    except yaml.YAMLError as error:  # of the characters
        reason = str(error).splitlines()[0] if str(error) else "unreadable"
        raise refuse("not-yaml", f"expected YAML: {reason}") from None
    finally:
        if loader is not None:
            loader.dispose()
    return builder.root


class _Dumper(yaml.SafeDumper):
    """Quotes the texts that this module would read as numbers, and PyYAML would not."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(rf"^{_NUMBER.pattern}$"), list("-0123456789")
)


def _quoted_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Beside a next-line character PyYAML adds blanks, except between double quotes.
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style='"' if "\x85" in text else None
    )


_Dumper.add_representer(str, _quoted_text)


def dump_yaml(data: Any) -> str:
    """Write plain data as YAML that `parse_yaml` reads back."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000)
