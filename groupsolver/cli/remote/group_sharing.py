"""Actions of ``groupsolver group`` that let projects and running instances into a group, or out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_data
from groupsolver.cli.output.rows import write_table
from groupsolver.cli.remote.group_view import print_group
from groupsolver.cli.remote.preview_report import print_preview

if TYPE_CHECKING:
    from groupsolver.client import Client

ACTIONS = ("grant", "revoke", "grants", "adopt", "release")


def add_sharing_actions(add_action: Callable[..., Any]) -> None:
    """Add the actions; `add_action` makes the parser of one."""
    grant = add_action("grant", "let another project join a group", answers=False)
    revoke = add_action("revoke", "let another project no longer join a group", answers=False)
    for action in (grant, revoke):
        action.add_argument("id", metavar="ID")
        action.add_argument("grantee", metavar="PROJECT")
    grants = add_action("grants", "list the projects that may join a group")
    grants.add_argument("id", metavar="ID")
    adopt = add_action("adopt", "make running instances members of a group, all or none")
    adopt.add_argument("id", metavar="ID")
    adopt.add_argument("instances", nargs="+", metavar="INSTANCE")
    modes = adopt.add_mutually_exclusive_group()
    preview_help = "only list the policies that would be broken"
    modes.add_argument("--preview", action="store_true", help=preview_help)
    modes.add_argument("--force", action="store_true", help="even if it breaks policies")
    release = add_action("release", "end memberships, all or none: the instances run on")
    release.add_argument("id", metavar="ID")
    release.add_argument("instances", nargs="+", metavar="INSTANCE")


def add_update_modes(parser: Any) -> None:
    """Add the options of a change to a group that has members."""
    modes = parser.add_mutually_exclusive_group()
    preview_help = "only list the policies that running members would break"
    modes.add_argument("--preview", action="store_true", help=preview_help)
    if_clean_help = "with members too, if none of them would break a policy"
    modes.add_argument("--if-clean", action="store_true", help=if_clean_help)


def run_sharing_action(client: Client, options: Options) -> int:
    """Run one of `ACTIONS` and return its exit code."""
    groups = client.groups
    match options.action:
        case "grant":
            groups.grant(options.id, options.grantee)
        case "revoke":
            groups.revoke(options.id, options.grantee)
        case "grants":
            _print_grants(client, options)
        case "release":
            print_group(groups.release(options.id, options.instances), options)
        case _ if options.preview:
            preview = groups.preview_adopt(options.id, options.instances)
            return print_preview(preview, options)
        case _:
            group = groups.adopt(options.id, options.instances, force=options.force)
            print_group(group, options)
    return Exit.OK


def _print_grants(client: Client, options: Options) -> None:
    grants = [grant.model_dump(mode="json") for grant in client.groups.grants(options.id)]
    if options.output != "table":
        write_data(options.output, {"grants": grants})
        return
    rows = [(grant["tenant_id"], grant["created_at"]) for grant in grants]
    write_table(options, ("project", "since"), rows)
