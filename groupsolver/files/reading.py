"""Files and standard input to plain data, with limits on their size."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from groupsolver.errors import BadInput, require_type
from groupsolver.files.fault_text import refuse
from groupsolver.files.json_text import parse_json
from groupsolver.files.yaml_text import parse_yaml

MIB = 2**20
# Reading needs some 15 times the size in memory. A MiB takes 0.5 s as YAML, and 0.1 s as JSON.
YAML_MAX = 16 * MIB
JSON_MAX = 16 * MIB
# A fleet of 100,000 hosts, each with three classes and five traits, is some 50 MiB.
FLEET_JSON_MAX = 64 * MIB
# The same fleet with 300,000 members.
CLUSTER_JSON_MAX = 128 * MIB


def name_of(path: str | os.PathLike[str]) -> str:
    """Return the name of a file in messages."""
    return "<stdin>" if os.fspath(path) == "-" else os.fspath(path)


def read_text(path: str | os.PathLike[str], limit: int) -> str:
    """Read a file's text, of at most `limit` bytes of UTF-8; ``-`` is standard input.

    Raises
    ------
    BadInput
        ``unreadable-file``, ``file-too-large``, ``not-text``.
    """
    require_type("path", path, (str, os.PathLike), "the path of a file")
    try:
        content = _read_stdin(limit) if os.fspath(path) == "-" else _read_file(path, limit)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise refuse("unreadable-file", f"the file cannot be read: {reason}") from None
    if len(content) > limit:
        raise _too_large(limit)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"0x{content[error.start]:02x}"
        message = f"expected UTF-8 text, found the byte {byte} at offset {error.start}"
        raise refuse("not-text", message) from None


def read_document(path: str | os.PathLike[str], *, json_max: int = JSON_MAX) -> Any:
    """Read a file's plain data, as YAML or JSON by its ending.

    Parameters
    ----------
    path : str or path-like
        ``-`` is standard input. There, and for other endings, JSON is tried first, then YAML.
    json_max : int
        Maximum number of bytes of JSON. Of YAML, it is 16 MiB.

    Raises
    ------
    BadInput
        Naming the file, for every error in it.
    """
    require_type("path", path, (str, os.PathLike), "the path of a file")
    ending = Path(path).suffix.lower()
    try:
        if ending in {".yaml", ".yml"}:
            return parse_yaml(read_text(path, YAML_MAX))
        return _parse_json_or_yaml(read_text(path, json_max), json_only=ending == ".json")
    except BadInput as error:
        raise error.in_file(name_of(path)) from None


def _parse_json_or_yaml(text: str, *, json_only: bool) -> Any:
    try:
        return parse_json(text)
    except json.JSONDecodeError as error:
        reason = f"line {error.lineno}, column {error.colno}: {error.msg}"
    if json_only:
        raise refuse("not-json", f"expected JSON: {reason}")
    if len(text) > YAML_MAX:
        raise refuse(
            "not-json", f"expected JSON: {reason}; as YAML it is larger than {YAML_MAX // MIB} MiB"
        )
    try:
        return parse_yaml(text)
    except BadInput as error:
        fault = error.faults[0]
        if fault.code != "not-yaml":
            raise
        raise refuse("not-yaml", f"neither JSON ({reason}) nor YAML ({fault.message})") from None


def _read_file(path: str | os.PathLike[str], limit: int) -> bytes:
    with Path(path).open("rb") as file:
        if os.fstat(file.fileno()).st_size > limit:  # before anything is read
            raise _too_large(limit)
        return file.read(limit + 1)


def _read_stdin(limit: int) -> bytes:
    return sys.stdin.buffer.read(limit + 1)


def _too_large(limit: int) -> BadInput:
    return refuse("file-too-large", f"expected at most {limit // MIB} MiB, found more")
