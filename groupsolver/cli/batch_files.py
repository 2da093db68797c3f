"""The files of ``place``: one application, several, or batches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from groupsolver.cli.options import Options
from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput, Fault, nearest
from groupsolver.files import parse_application, parse_batch, read_document
from groupsolver.files.reading import name_of


class GivenDocument:
    """A file that is read once.

    Parameters
    ----------
    path : str
        ``-`` is standard input.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._data: Any = None
        self._error: BadInput | None = None
        try:
            self._data = read_document(path)
        except BadInput as error:
            self._error = error

    def data(self) -> Any:
        """Return the plain data of the file. Raises `BadInput`."""
        if self._error is not None:
            raise self._error
        return self._data

    @property
    def is_batch(self) -> bool:
        """Whether the file has applications, and is no cluster."""
        data = self._data
        return isinstance(data, dict) and "applications" in data and "fleet" not in data

    def application(self) -> Application:
        """Return the application that the file has. Raises `BadInput`."""
        return parse_application(self.data(), name_of(self.path))


@dataclass
class GivenBatch:
    """The applications of several files, or of a batch's file.

    Attributes
    ----------
    applications : dict of str to Application
        By name: their own, or that of the file without the ending.
    values : dict of str to int
        What a file says that an application is worth.
    places : dict of str to tuple of (str, str)
        By name, the file and the path within it.
    """

    applications: dict[str, Application] = field(default_factory=dict)
    values: dict[str, int] = field(default_factory=dict)
    places: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, documents: list[GivenDocument]) -> GivenBatch:
        """Read all files. Raises `BadInput` with the faults of all of them."""
        batch = cls()
        faults: list[Fault] = []
        for document in documents:
            try:
                faults += batch._add(document)
            except BadInput as error:
                faults += error.faults
        if faults:
            raise BadInput(faults)
        return batch

    def _add(self, document: GivenDocument) -> list[Fault]:
        file = name_of(document.path)
        if not document.is_batch:
            app = document.application()
            stem = "application" if document.path == "-" else Path(document.path).name
            name = app.name or stem.partition(".")[0] or "application"
            return self._put(name, app, file, "")
        faults = []
        for i, one in enumerate(parse_batch(document.data(), file).applications):
            faults += self._put(one.name, one.application(), file, f"applications[{i}]")
            if one.value is not None:
                self.values[one.name] = one.value
        return faults

    def _put(self, name: str, app: Application, file: str, path: str) -> list[Fault]:
        if name in self.applications:
            where = f"{path}.name" if path else "name"
            message = f"application {name!r} is also in {self.places[name][0]}; give it a name"
            return [Fault("duplicate-name", where, message, file)]
        self.applications[name] = app
        self.places[name] = (file, path)
        return []

    def in_files(self, error: BadInput) -> BadInput:
        """Return faults of ``applications.NAME`` with their files, and paths in these."""
        return BadInput([self._in_file(fault) for fault in error.faults])

    def _in_file(self, fault: Fault) -> Fault:
        for name, (file, path) in self.places.items():
            start = f"applications.{name}."
            if fault.path.startswith(start):
                rest = fault.path.removeprefix(start)
                return replace(fault, path=f"{path}.{rest}" if path else rest, file=file)
        return fault


def given_documents(options: Options) -> list[GivenDocument]:
    """Read the files of ``place``, each once."""
    return [GivenDocument(path) for path in options.apps]


def refuse_single_options(options: Options) -> None:
    """Refuse options that have no meaning for several applications. Raises `BadInput`."""
    faults = []
    if options.url is not None:
        message = "expected one application: a server places one at a time"
        faults.append(Fault("wrong-value", "--url", message))
    if options.name is not None:
        message = f"expected one application to be called {options.name!r}"
        faults.append(Fault("wrong-value", "--name", message))
    if faults:
        raise BadInput(faults)


def parse_values(options: Options, batch: GivenBatch) -> dict[str, int]:
    """Return what applications are worth: as the options say, or the files.

    Raises
    ------
    BadInput
        For an application that is not in the batch.
    """
    found = dict(batch.values)
    for name, value in options.values or ():
        if name not in batch.applications:
            hint = nearest(name, list(batch.applications))
            message = f"no application {name!r} is in the batch{hint}"
            raise BadInput([Fault("unknown-application", "--value", message)])
        found[name] = value
    return found
