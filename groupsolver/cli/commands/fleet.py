"""``groupsolver fleet``: the fleet of a server."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from groupsolver.cli.commands.subcommands import actions_of
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.output.stdout import write
from groupsolver.cli.remote.connection import add_identity, add_url, answered
from groupsolver.errors import one_line
from groupsolver.files import dump_yaml, load_fleet
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import Client


def add_parser(commands: Any) -> None:
    """Add ``fleet`` and what it can do to the command line."""
    about = "load the fleet of a server, or show it; for admins"
    make = actions_of(commands, "fleet", about)

    def action(name: str, help_: str) -> Any:
        made = make(name, help_)
        add_url(made)
        add_identity(made, tenant=False)
        return made

    action("load", "replace the whole fleet; hosts that stay keep their instances").add_argument(
        "file", metavar="FILE", help="the fleet, YAML or JSON; - is standard input"
    )
    action("show", "print the fleet as it was loaded").add_argument(
        "--output", choices=("yaml", "json"), default="yaml", help="how to answer (default: yaml)"
    )


def run(options: argparse.Namespace) -> int:
    """Do what was asked. Raises `BadInput`."""
    return (
        _load(options)
        if options.action == "load"
        else answered(options, lambda client: _show(options, client))
    )


def _load(options: argparse.Namespace) -> int:
    fleet = load_fleet(options.file)

    def load(client: Client) -> int:
        client.fleet.put(fleet)
        parts = [
            count_of(len(fleet.hosts), "host"),
            count_of(len(fleet.levels), "level"),
            count_of(len(fleet.links), "link"),
        ]
        write(f"loaded {', '.join(parts)} into {one_line(options.url)}\n")
        return Exit.OK

    return answered(options, load)


def _show(options: argparse.Namespace, client: Client) -> int:
    data = client.fleet.get().document()
    write(json.dumps(data, indent=2) + "\n" if options.output == "json" else dump_yaml(data))
    return Exit.OK
