"""``groupsolver fleet``: the fleet of a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groupsolver.cli.arguments import add_actions
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_data
from groupsolver.cli.output.styled_lines import print_lines
from groupsolver.cli.remote.connection import add_identity, add_url, run_with_client
from groupsolver.files import load_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import Client


def add_parser(commands: Any) -> None:
    """Add ``fleet`` and its actions to the command line."""
    add_action = add_actions(
        commands, "fleet", "load the fleet of a server, or show it; for admins"
    )
    load = add_action("load", "replace the whole fleet; hosts that stay keep their instances")
    file_help = "the fleet, YAML or JSON; - is standard input"
    load.add_argument("file", metavar="FILE", help=file_help)
    show = add_action("show", "print the fleet as it was loaded")
    output_help = "form of the answer (default: yaml)"
    show.add_argument("--output", choices=("yaml", "json"), default="yaml", help=output_help)
    for action in (load, show):
        add_url(action)
        add_identity(action, tenant=False)


def run(options: Options) -> int:
    """Load the fleet or show it. Raises `BadInput`."""
    if options.action == "show":
        return run_with_client(options, lambda client: _show(options, client))
    fleet = load_fleet(options.file)
    return run_with_client(options, lambda client: _load(options, fleet, client))


def _load(options: Options, fleet: Fleet, client: Client) -> int:
    client.fleet.put(fleet)
    hosts = count_of(len(fleet.hosts), "host")
    levels = count_of(len(fleet.levels), "level")
    links = count_of(len(fleet.links), "link")
    print_lines([(f"loaded {hosts}, {levels}, {links} into {options.url}", "")])
    return Exit.OK


def _show(options: Options, client: Client) -> int:
    write_data(options.output, client.fleet.get().document())
    return Exit.OK
