"""``/os-server-groups``: Nova's operations on this library's groups."""

from __future__ import annotations

from groupsolver.api.http.call import Call, Reply
from groupsolver.api.http.errors import ApiError
from groupsolver.api.nova.media import check_accept
from groupsolver.api.nova.microversion import (
    STRICT_QUERIES,
    STRICT_SHOW_QUERIES,
    Microversion,
    requested_version,
)
from groupsolver.api.nova.request_models import read_new_group
from groupsolver.api.nova.shape import server_group
from groupsolver.api.services.group_registry import (
    create_group,
    delete_group,
    find_group,
    list_groups,
)
from groupsolver.files.fault_text import shown
from groupsolver.model.value import INT64_MAX

# Nova has no `marker`, but the `openstack` command sends it with --limit from the second page on.
_QUERY_PARAMETERS = frozenset({"all_projects", "limit", "offset", "marker"})
# What Nova says to a token that its rule for creation does not admit.
_NOT_FOR_SYSTEM = "Policy doesn't allow os_compute_api:os-server-groups:create to be performed."


def index(call: Call) -> Reply:
    """List the project's groups, or those of all projects for an admin with ``all_projects``."""
    version = _version(call)
    query = call.request.args
    if version >= STRICT_QUERIES:
        _refuse_unknown(call, _QUERY_PARAMETERS)
    # As in Nova, `all_projects` counts with any value, and has no effect for other roles.
    all_projects = "all_projects" in query and call.principal.has("admin")
    groups = list_groups(
        call,
        tenant=None if all_projects else call.tenant,
        limit=_count(call, "limit") or None,  # 0 means no limit
        marker=query.get("marker"),
        offset=_count(call, "offset"),
    )
    views = [server_group(group, version) for group in groups]
    return version.with_headers(Reply(body={"server_groups": views}))


def create(call: Call) -> Reply:
    """Create a group. As in Nova, the answer is 200, and a group belongs to a token's project."""
    version = _version(call)
    if call.principal.system_scoped:
        raise ApiError("forbidden", _NOT_FOR_SYSTEM)
    group = create_group(call, read_new_group(call.request, version), origin="nova")
    return version.with_headers(Reply(body={"server_group": server_group(group, version)}))


def show(call: Call) -> Reply:
    """Show a group by its id. Clients that search for a name expect a 404 here first."""
    version = _version(call)
    if version >= STRICT_SHOW_QUERIES:
        _refuse_unknown(call, frozenset())
    group = find_group(call, call.args["id"])
    return version.with_headers(Reply(body={"server_group": server_group(group, version)}))


def delete(call: Call) -> Reply:
    """Delete a group, also with members: they keep running, in no group."""
    version = _version(call)
    delete_group(call, call.args["id"], force=True)
    return version.with_headers(Reply(204))


def _version(call: Call) -> Microversion:
    check_accept(call.request)
    return requested_version(call.request)


def _refuse_unknown(call: Call, known: frozenset[str]) -> None:
    unknown = call.request.args.keys() - known
    if unknown:
        raise ApiError("bad-input", f"Unknown query parameter {shown(min(unknown))}.")


def _count(call: Call, name: str) -> int:
    """Return a query parameter that is a number from 0; of several values, the last."""
    values = call.request.args.getlist(name)
    for value in values:
        if not (value.isascii() and value.isdigit()):
            detail = f"Invalid input for query parameters {name}. Value: {shown(value)}."
            raise ApiError("bad-input", detail)
    digits = values[-1].lstrip("0") if values else ""
    # `int` of a very long text is slow.
    return int(digits or 0) if len(digits) < 19 else INT64_MAX
