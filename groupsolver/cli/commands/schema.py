"""``groupsolver schema``: the JSON Schema of each format, and the OpenAPI document."""

from __future__ import annotations

from typing import Any, get_args

from groupsolver.cli.arguments import add_command
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.extras import require_server
from groupsolver.cli.options import Format, Options
from groupsolver.cli.output.answer import write_data
from groupsolver.cluster.cluster_file import ClusterDocument
from groupsolver.constraints.batch_document import BatchDocument
from groupsolver.constraints.registry import Application
from groupsolver.files.schema import closed
from groupsolver.model.answers.batch import BatchResult
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result


def add_parser(commands: Any) -> None:
    """Add ``schema`` to the command line."""
    about = "print the JSON Schema of a format, or the OpenAPI document of the server"
    parser = add_command(commands, "schema", about)
    parser.add_argument("format", choices=get_args(Format))


def run(options: Options) -> int:
    """Print a schema."""
    write_data("json", schema_of(options.format))
    return Exit.OK


def schema_of(format_: Format) -> dict[str, Any]:
    """Return the JSON Schema of a format.

    Parameters
    ----------
    format_ : {"fleet", "app", "batch", "cluster", "result", "batch-result", "openapi"}
        What is read (``fleet``, ``app``, ``batch``, ``cluster``), what is answered (``result``,
        ``batch-result``), or the whole HTTP API.

    Raises
    ------
    MissingExtraError
        For ``openapi``, where the server's packages are not installed.
    """
    match format_:
        case "openapi":
            require_server("schema openapi")
            # Loads the server, which the other formats can do without.
            from groupsolver.api.openapi import document
            from groupsolver.api.routes import ROUTES

            return document(ROUTES)
        case "fleet":
            title = "groupsolver fleet"
            schema = Fleet.model_json_schema(mode="validation")
        case "app":
            title = "groupsolver application"
            schema = Application.model_json_schema(mode="validation")
        case "batch":
            title = "groupsolver batch"
            schema = BatchDocument.model_json_schema(mode="validation")
        case "batch-result":
            title = "groupsolver batch result"
            schema = BatchResult.model_json_schema(mode="serialization")
        case "cluster":
            title = "groupsolver cluster"
            schema = ClusterDocument.model_json_schema(mode="validation")
        case _:
            title = "groupsolver result"
            schema = Result.model_json_schema(mode="serialization")
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **closed(schema), "title": title}
