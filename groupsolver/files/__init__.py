"""Fleets, applications and results from files: YAML or JSON, the same structure.

A fleet may also be a table of hosts, in CSV or Parquet.

Every error in a file is `BadInput`, and nothing else is raised.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from groupsolver.constraints.batch_document import BatchDocument
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.files.column_files import load_columns
from groupsolver.files.faults import faults_of
from groupsolver.files.gc_pause import pause_gc
from groupsolver.files.likeness import document_fault
from groupsolver.files.reading import FLEET_JSON_MAX, name_of, read_document
from groupsolver.files.yaml_text import dump_yaml
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result
from groupsolver.model.value import register_fault_reader

__all__ = [
    "dump_yaml",
    "load_application",
    "load_batch",
    "load_columns",
    "load_fleet",
    "load_result",
    "parse_application",
    "parse_batch",
    "parse_document",
    "parse_fleet",
    "parse_result",
    "read_document",
]

register_fault_reader(faults_of)

Path = str | os.PathLike[str]
M = TypeVar("M", bound=BaseModel)


def load_fleet(path: Path) -> Fleet:
    """Read a fleet, of at most 64 MiB as JSON or 16 MiB as YAML. Raises `BadInput`."""
    with pause_gc():
        return parse_fleet(read_document(path, json_max=FLEET_JSON_MAX), name_of(path))


def load_application(path: Path) -> Application:
    """Read an application, of at most 16 MiB. Raises `BadInput`."""
    return parse_application(read_document(path), name_of(path))


def load_batch(path: Path) -> BatchDocument:
    """Read several applications from one file, of at most 16 MiB. Raises `BadInput`."""
    return parse_batch(read_document(path), name_of(path))


def load_result(path: Path) -> Result:
    """Read a result, as ``place --output json`` or ``yaml`` writes it. Raises `BadInput`."""
    return parse_result(read_document(path), name_of(path))


def parse_fleet(data: Any, file: str = "") -> Fleet:
    """Build a fleet from plain data; `file` is named in the faults. Raises `BadInput`."""
    return parse_document(Fleet, data, file)


def parse_application(data: Any, file: str = "") -> Application:
    """Build an application from plain data; `file` is named in the faults. Raises `BadInput`."""
    return parse_document(Application, data, file)


def parse_batch(data: Any, file: str = "") -> BatchDocument:
    """Build a batch from plain data; `file` is named in the faults. Raises `BadInput`."""
    return parse_document(BatchDocument, data, file)


def parse_result(data: Any, file: str = "") -> Result:
    """Build a result from plain data; `file` is named in the faults. Raises `BadInput`."""
    return parse_document(Result, data, file)


def parse_document(model: type[M], data: Any, file: str) -> M:
    """Build a value from plain data; `file` is named in the faults. Raises `BadInput`."""
    try:
        with pause_gc():
            return model.model_validate(data)
    except ValidationError as error:
        other = document_fault(model.__name__, data)
        faults = faults_of(error, data) if other is None else [other]
        raise BadInput(faults).in_file(file) from None
