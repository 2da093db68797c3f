"""``groupsolver group``: a project's groups on a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from groupsolver.cli.arguments import add_actions, add_output
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_data
from groupsolver.cli.output.rows import write_table
from groupsolver.cli.remote import group_sharing
from groupsolver.cli.remote.connection import add_identity, add_url, run_with_client
from groupsolver.cli.remote.group_view import brief_policies, print_group
from groupsolver.cli.remote.preview_report import print_preview
from groupsolver.errors import BadInput
from groupsolver.files.fault_text import refuse
from groupsolver.files.yaml_text import parse_yaml

if TYPE_CHECKING:
    from groupsolver.client import Client
    from groupsolver.client.groups import Patch


def add_parser(commands: Any) -> None:
    """Add ``group`` and its actions to the command line."""
    about = "create, list, show, update, share or delete groups of a project, on a server"
    add_plain_action = add_actions(commands, "group", about)

    def add_action(name: str, help_: str, *, answers: bool = True) -> Any:
        action = add_plain_action(name, help_)
        add_url(action)
        add_identity(action)
        if answers:
            add_output(action)
        return action

    _add_fields(add_action("create", "register a group"))
    list_ = add_action("list", "list the groups, oldest first")
    list_.add_argument("--name", metavar="NAME", help="only groups of this name")
    granted_help = "groups of other projects that this one may join"
    list_.add_argument("--granted", action="store_true", help=granted_help)
    add_action("show", "show a group").add_argument("id", metavar="ID")
    _add_update(
        add_action(
            "update", "change what is given; policies and groups only while it has no members"
        )
    )
    group_sharing.add_sharing_actions(add_action)
    delete = add_action("delete", "remove groups", answers=False)
    delete.add_argument("id", nargs="+", metavar="ID")
    force_help = "even with members: they run on, without a group"
    delete.add_argument("--force", action="store_true", help=force_help)


def _add_update(update: Any) -> None:
    update.add_argument("id", metavar="ID")
    _add_fields(update)
    update.add_argument("--no-policies", action="store_true", help="remove all policies")
    update.add_argument("--no-groups", action="store_true", help="remove all child groups")
    unset_help = "remove a key of the metadata"
    update.add_argument("--unset", action="append", default=[], metavar="KEY", help=unset_help)
    group_sharing.add_update_modes(update)


def _add_fields(parser: Any) -> None:
    policy_help = (
        "a kind, such as anti-affinity, or '{kind: anti-affinity, level: rack}'; may be given again"
    )
    group_help = "a child group; may be given again"
    metadata_help = "may be given again"
    parser.add_argument("--name", metavar="NAME")
    parser.add_argument("--policy", action="append", metavar="POLICY", help=policy_help)
    parser.add_argument("--group", action="append", metavar="ID", help=group_help)
    parser.add_argument("--metadata", action="append", metavar="KEY=VALUE", help=metadata_help)


def run(options: Options) -> int:
    """Run the action on the server. Raises `BadInput`."""
    fields = _fields(options) if options.action in {"create", "update"} else {}
    if options.action == "update" and not fields:
        raise refuse("missing-key", "expected something to change, such as --name")
    return run_with_client(options, lambda client: _run_action(client, options, fields))


def _run_action(client: Client, options: Options, fields: Patch) -> int:
    match options.action:
        case "create":
            given = {key: value for key, value in fields.items() if value is not None}
            print_group(client.groups.create(**given), options)  # type: ignore[arg-type]
        case "list":
            _list(client, options)
        case "show":
            print_group(client.groups.get(options.id), options)
        case "update" if options.preview:
            return print_preview(client.groups.preview(options.id, **fields), options)
        case "update":
            group = client.groups.patch(options.id, if_clean=options.if_clean, **fields)
            print_group(group, options)
        case name if name in group_sharing.ACTIONS:
            return group_sharing.run_sharing_action(client, options)
        case _:
            for id_ in options.id:
                client.groups.delete(id_, force=options.force)
    return Exit.OK


def _fields(options: Options) -> Patch:
    """Return the fields that the options change."""
    fields: Patch = {}
    if options.name is not None:
        fields["name"] = options.name
    if options.policy or getattr(options, "no_policies", False):
        fields["policies"] = [_policy(text) for text in options.policy or ()]
    if options.group or getattr(options, "no_groups", False):
        fields["groups"] = list(options.group or ())
    # A key without a value is removed: a merge patch.
    unset: dict[str, str | None] = dict.fromkeys(getattr(options, "unset", ()))
    metadata = unset | dict(_pairs(options.metadata or ()))
    if metadata:
        fields["metadata"] = metadata
    return fields


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


def _list(client: Client, options: Options) -> None:
    groups = list(client.groups.list(name=options.name, granted=options.granted))
    if options.output != "table":
        from groupsolver.wire.bodies.plain_data import plain

        write_data(options.output, {"groups": [plain(group) for group in groups]})
        return
    titles = ("id", "name", "members", "policies")
    rows = []
    for group in groups:
        members = len(group.members) + (group.other_members or 0)
        rows.append((group.id, group.name, members, brief_policies(group)))
    write_table(options, titles, rows)
