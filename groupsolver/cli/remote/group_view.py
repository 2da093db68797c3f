"""A group of a server, as a table or as plain data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from groupsolver.cli.options import Options
from groupsolver.cli.output.answer import write_data
from groupsolver.cli.output.rows import rows_wanted, write_fields
from groupsolver.cli.output.styled_lines import print_lines
from groupsolver.cli.output.text_table import table
from groupsolver.model.units import count_of

if TYPE_CHECKING:
    from groupsolver.client import GroupView
    from groupsolver.constraints.policy import Policy


def print_group(group: GroupView, options: Options) -> None:
    """Print one group in the form that was asked for."""
    if options.output != "table":
        from groupsolver.wire.bodies.plain_data import plain

        write_data(options.output, {"group": plain(group)})
        return
    metadata = ", ".join(f"{key}={value}" for key, value in (group.metadata or {}).items())
    if rows_wanted(options):
        write_fields(
            options,
            {
                "id": group.id,
                "name": group.name,
                "tenant": group.tenant_id,
                "policies": brief_policies(group),
                "metadata": metadata or None,
                "groups": group.groups,
                "members": group.members,
                "others": group.other_members,
            },
        )
        return
    rows = [
        ("id", group.id),
        ("name", group.name or "-"),
        ("tenant", group.tenant_id),
        ("policies", brief_policies(group)),
        ("metadata", metadata or "-"),
    ]
    for title, ids in (("groups", group.groups), ("members", group.members)):
        for i, id_ in enumerate(ids or ("-",)):
            rows.append((title if i == 0 else "", id_))
    if group.other_members is not None:
        rows.append(("others", f"{count_of(group.other_members, 'member')} of other projects"))
    print_lines((line, "") for line in table(rows, indent=""))


def brief_policies(group: GroupView) -> str:
    """Return a group's policies in one line."""
    return "; ".join(_brief(policy) for policy in group.policies) or "-"


def _brief(policy: Policy) -> str:
    fields = policy.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    values = [f"{key}={json.dumps(value).strip(chr(34))}" for key, value in fields.items()]
    return " ".join([policy.kind, *values])
