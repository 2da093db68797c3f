"""``groupsolver group``'s commands about groups that have members: who may join, who is taken in, what would break."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.output.stdout import columns, write
from groupsolver.errors import one_line
from groupsolver.files.yaml_text import dump_yaml
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import Client, Preview

ACTIONS = ("grant", "revoke", "grants", "adopt")


def add_actions(action: Callable[..., Any]) -> None:
    """Add the commands; `action` makes the parser of one."""
    for name, about in (
        ("grant", "let another project join a group"),
        ("revoke", "let it join no more"),
    ):
        made = action(name, about, shows=False)
        made.add_argument("id", metavar="ID")
        made.add_argument("grantee", metavar="PROJECT")
    action("grants", "list the projects that may join a group").add_argument("id", metavar="ID")
    adopt = action("adopt", "make running instances members of a group, all or none")
    adopt.add_argument("id", metavar="ID")
    adopt.add_argument("instances", nargs="+", metavar="INSTANCE")
    how = adopt.add_mutually_exclusive_group()
    how.add_argument(
        "--preview", action="store_true", help="only say which policies that would break"
    )
    how.add_argument("--force", action="store_true", help="though it breaks policies")


def add_modes(parser: Any) -> None:
    """Add the options of a change to a group that has members."""
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--preview", action="store_true", help="only say which policies running members would break"
    )
    how.add_argument(
        "--if-clean", action="store_true", help="with members too, where none would break a policy"
    )


def run(client: Client, options: argparse.Namespace, show: Callable[[Any, str], None]) -> int:
    """Do what was asked; `show` prints a group."""
    match options.action:
        case "grant":
            client.groups.grant(options.id, options.grantee)
        case "revoke":
            client.groups.revoke(options.id, options.grantee)
        case "grants":
            found = [grant.model_dump(mode="json") for grant in client.groups.grants(options.id)]
            if options.output == "table":
                rows = [
                    ("project", "since"),
                    *((grant["tenant_id"], grant["created_at"]) for grant in found),
                ]
                write(columns(rows))
            else:
                _data({"grants": found}, options.output)
        case _ if options.preview:
            return told(client.groups.preview_adopt(options.id, options.instances), options.output)
        case _:
            show(
                client.groups.adopt(options.id, options.instances, force=options.force),
                options.output,
            )
    return Exit.OK


def told(preview: Preview, output: str) -> int:
    """Print what running members would break, and give the exit code of that."""
    if output == "table":
        write("".join(f"{one_line(line)}\n" for line in lines_of(preview)))
    else:
        _data({"preview": preview.model_dump(mode="json")}, output)
    return Exit.OK if preview.clean else Exit.VIOLATED


def lines_of(preview: Preview) -> list[str]:
    """Say what running members would break, a line for each policy and for each member."""
    if preview.clean:
        return ["no running member would break a policy"]
    lines = []
    for one in preview.violations:
        lines.append(f"{one.group}: {one.policy}: {one.sentence} (by {one.measure})")
        lines += [f"  {member}" for member in one.members]
        if one.other_members:
            lines.append(f"  {count_of(one.other_members, 'member')} of other projects")
    return lines


def _data(data: dict[str, Any], output: str) -> None:
    write(json.dumps(data, indent=2) + "\n" if output == "json" else dump_yaml(data))
