"""``/os-server-groups``: Nova's verbs on this library's groups."""

from __future__ import annotations

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import ApiError
from groupsolver.api.nova.media import refuse_other_answers
from groupsolver.api.nova.microversion import CLOSED_QUERIES, Microversion, asked
from groupsolver.api.nova.requests import wanted
from groupsolver.api.nova.shape import server_group
from groupsolver.api.services.group_registry import (
    create_group,
    delete_group,
    find_group,
    list_groups,
)
from groupsolver.files.fault_text import shown
from groupsolver.model.value import INT64_MAX

# `marker` is not Nova's, but what the `openstack` command sends with --limit from its second page on.
_QUERY = {"all_projects", "limit", "offset", "marker"}


def index(call: Call) -> Reply:
    """List the project's groups; all projects', where an admin's query has ``all_projects``, whatever its value."""
    version, query = _version(call), call.request.args
    unknown = query.keys() - _QUERY
    if unknown and version >= CLOSED_QUERIES:
        raise ApiError("bad-input", f"Unknown query parameter {shown(min(unknown))}.")
    # For others than admins it has no meaning, as with Nova: they are given their own groups.
    everyone = "all_projects" in query and call.principal.has("admin")
    groups = list_groups(
        call,
        tenant=None if everyone else call.tenant,
        limit=_count(call, "limit") or None,  # 0: as many as there may be
        marker=query.get("marker"),
        offset=_count(call, "offset"),
    )
    return version.on(
        Reply(body={"server_groups": [server_group(group, version) for group in groups]})
    )


def create(call: Call) -> Reply:
    """Make a group. Nova answers 200."""
    version = _version(call)
    group = create_group(call, wanted(call.request, version), origin="nova")
    return version.on(Reply(body={"server_group": server_group(group, version)}))


def show(call: Call) -> Reply:
    """Give one group, by its id alone: clients that look for a name need a 404 here first."""
    version = _version(call)
    group = find_group(call, call.args["id"])
    return version.on(Reply(body={"server_group": server_group(group, version)}))


def delete(call: Call) -> Reply:
    """Remove a group, with members too: these keep running, ungrouped."""
    version = _version(call)
    delete_group(call, call.args["id"], force=True)
    return version.on(Reply(204))


def _version(call: Call) -> Microversion:
    refuse_other_answers(call.request)
    return asked(call.request)


def _count(call: Call, name: str) -> int:
    """Read a query parameter that is a number from 0 on. Of several the last counts, and all must be sound."""
    values = call.request.args.getlist(name)
    for value in values:
        if not (value.isascii() and value.isdigit()):
            raise ApiError(
                "bad-input", f"Invalid input for query parameters {name}. Value: {shown(value)}."
            )
    digits = values[-1].lstrip("0") if values else ""
    return int(digits or 0) if len(digits) < 19 else INT64_MAX
