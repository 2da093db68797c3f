"""``groupsolver group``: a project's groups on a server."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from groupsolver.cli.commands import group_sharing
from groupsolver.cli.commands.subcommands import actions_of
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.output.stdout import columns, write
from groupsolver.cli.remote.connection import add_identity, add_url, answered
from groupsolver.errors import BadInput
from groupsolver.files.fault_text import refuse
from groupsolver.files.yaml_text import dump_yaml, parse_yaml
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import Client, GroupView
    from groupsolver.client.groups import Patch
    from groupsolver.constraints.policy import Policy


def add_parser(commands: Any) -> None:
    """Add ``group`` and what it can do to the command line."""
    about = "create, list, show, update, share or delete groups of a project, on a server"
    make = actions_of(commands, "group", about)

    def action(name: str, help_: str, *, shows: bool = True) -> Any:
        made = make(name, help_)
        add_url(made)
        add_identity(made)
        if shows:
            formats = ("table", "json", "yaml")
            made.add_argument(
                "--output", choices=formats, default="table", help="how to answer (default: table)"
            )
        return made

    create = action("create", "register a group")
    _add_fields(create)
    listed = action("list", "list the groups, oldest first")
    listed.add_argument("--name", metavar="NAME", help="those of this name")
    listed.add_argument(
        "--granted", action="store_true", help="those of other projects that this one may join"
    )
    action("show", "show a group").add_argument("id", metavar="ID")
    update = action(
        "update", "change what is given; policies and groups only while it has no members"
    )
    update.add_argument("id", metavar="ID")
    _add_fields(update)
    update.add_argument("--no-policies", action="store_true", help="take all policies out")
    update.add_argument("--no-groups", action="store_true", help="take all groups below it out")
    update.add_argument(
        "--unset", action="append", default=[], metavar="KEY", help="take a key of the metadata out"
    )
    group_sharing.add_modes(update)
    group_sharing.add_actions(action)
    delete = action("delete", "remove groups", shows=False)
    delete.add_argument("id", nargs="+", metavar="ID")
    delete.add_argument(
        "--force", action="store_true", help="though it has members: they run on, ungrouped"
    )


def _add_fields(parser: Any) -> None:
    add = parser.add_argument
    add("--name", metavar="NAME")
    policy = (
        "a kind, such as anti-affinity, or '{kind: anti-affinity, level: rack}'; may be given again"
    )
    add("--policy", action="append", metavar="POLICY", help=policy)
    add("--group", action="append", metavar="ID", help="a group below it; may be given again")
    add("--metadata", action="append", metavar="KEY=VALUE", help="may be given again")


def run(options: argparse.Namespace) -> int:
    """Do what was asked. Raises `BadInput`."""
    fields = _fields(options) if options.action in {"create", "update"} else {}
    if options.action == "update" and not fields:
        raise refuse("missing-key", "expected something to change, such as --name")

    def work(client: Client) -> int:
        match options.action:
            case "create":
                _show(client.groups.create(**_without_none(fields)), options.output)
            case "list":
                _list(client, options)
            case "show":
                _show(client.groups.get(options.id), options.output)
            case "update" if options.preview:
                return group_sharing.told(
                    client.groups.preview(options.id, **fields), options.output
                )
            case "update":
                _show(
                    client.groups.patch(options.id, if_clean=options.if_clean, **fields),
                    options.output,
                )
            case name if name in group_sharing.ACTIONS:
                return group_sharing.run(client, options, _show)
            case _:
                for one in options.id:
                    client.groups.delete(one, force=options.force)
        return Exit.OK

    return answered(options, work)


def _fields(options: argparse.Namespace) -> Patch:
    fields: Patch = {}
    if options.name is not None:
        fields["name"] = options.name
    if options.policy or getattr(options, "no_policies", False):
        fields["policies"] = [_policy(text) for text in options.policy or ()]
    if options.group or getattr(options, "no_groups", False):
        fields["groups"] = list(options.group or ())
    unset: dict[str, str | None] = dict.fromkeys(getattr(options, "unset", ()))
    if metadata := unset | dict(_pairs(options.metadata or ())):
        fields["metadata"] = metadata
    return fields


def _without_none(fields: Patch) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


def _policy(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return text
    try:
        return parse_yaml(text)
    except BadInput as error:
        raise error.in_file("--policy") from None


def _pairs(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise refuse("wrong-value", "expected KEY=VALUE", "--metadata")
        yield key, value


def _list(client: Client, options: argparse.Namespace) -> None:
    found = list(client.groups.list(name=options.name, granted=options.granted))
    if options.output == "table":
        rows = [("id", "name", "members", "policies")]
        rows += [
            (
                one.id,
                one.name or "-",
                str(len(one.members) + (one.other_members or 0)),
                _policies(one),
            )
            for one in found
        ]
        write(columns(rows))
    else:
        _data({"groups": [_plain(one) for one in found]}, options.output)


def _show(group: GroupView, output: str) -> None:
    if output != "table":
        _data({"group": _plain(group)}, output)
        return
    metadata = ", ".join(f"{key}={value}" for key, value in (group.metadata or {}).items())
    rows = [("id", group.id), ("name", group.name or "-"), ("tenant", group.tenant_id)]
    rows += [("policies", _policies(group)), ("metadata", metadata or "-")]
    for title, ids in (("groups", group.groups), ("members", group.members)):
        rows += [(title if i == 0 else "", one) for i, one in enumerate(ids or ("-",))]
    if group.other_members is not None:
        rows.append(("others", f"{count_of(group.other_members, 'member')} of other projects"))
    write(columns(rows))


def _policies(group: GroupView) -> str:
    return "; ".join(map(_brief, group.policies)) or "-"


def _brief(policy: Policy) -> str:
    said = policy.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    return " ".join(
        [policy.kind, *(f"{key}={json.dumps(value).strip(chr(34))}" for key, value in said.items())]
    )


def _plain(group: GroupView) -> Any:
    from groupsolver.wire.bodies.core import plain

    return plain(group)


def _data(data: dict[str, Any], output: str) -> None:
    write(json.dumps(data, indent=2) + "\n" if output == "json" else dump_yaml(data))
