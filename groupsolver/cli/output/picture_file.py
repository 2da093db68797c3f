"""The picture of an answer, as the file that ``--picture`` names."""

from __future__ import annotations

from groupsolver.cli.options import Options
from groupsolver.constraints.registry import Application
from groupsolver.files.atomic_file import AtomicFile
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result


class PictureFile:
    """The file of a picture, made before the solve, so that a wrong path ends at once.

    Parameters
    ----------
    options : Options
        Without ``--picture`` nothing is written.

    Raises
    ------
    BadInput
        ``unwritable-file``.
    """

    def __init__(self, options: Options) -> None:
        self._objective = options.objective
        self._file: AtomicFile | None = None
        if options.picture is not None:
            paths = [options.app, options.fleet, options.cluster, options.network]
            inputs = [path for path in paths if path is not None]
            self._file = AtomicFile(options.picture, inputs)

    def write(self, app: Application, compiled: CompiledFleet, result: Result) -> None:
        """Draw an answer, unless there is none in time."""
        if self._file is None or result.status == "unknown":
            return
        # Loaded with the first picture: no other command needs it.
        from groupsolver.picture import picture

        self._file.write(picture(app, compiled.index, result, objective=self._objective))
