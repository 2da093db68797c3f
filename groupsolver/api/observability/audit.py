"""A line for each change: who, what, how it ended, and for a placement why these hosts."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from groupsolver.api.http.call import Principal
from groupsolver.api.observability.logs import Line
from groupsolver.checking.reasons import Why
from groupsolver.store.entities import Instance

Action = Literal[
    "group-create",
    "group-update",
    "group-delete",
    "group-grant",
    "group-revoke",
    "group-adopt",
    "placement-create",
    "placement-confirm",
    "placement-expire",
    "instance-delete",
    "fleet-replace",
    "host-replace",
    "host-delete",
]
_audit = logging.getLogger("groupsolver.audit")


def audit(
    action: Action,
    subject: str | None,
    *,
    request_id: str | None,
    principal: Principal | None,
    tenant: str | None,
    outcome: str = "done",
    **more: Any,
) -> None:
    """Write one change to ``groupsolver.audit``: who, what, and how it ended.

    Parameters
    ----------
    action : str
    subject : str or None
        The id or name of what is changed; None where there is none, e.g. a placement that was not made.
    request_id : str or None
        None for what the server does by itself.
    principal : Principal or None
        None for what the server does by itself.
    tenant : str or None
        Whose it is; None for the fleet.
    outcome : str, default "done"
        ``done``, or the code of the error.
    **more
        Further keys of the line, JSON data.
    """
    if not _audit.isEnabledFor(logging.INFO):
        return
    line = Line(
        {
            "log": _audit.name,
            "request_id": request_id,
            "action": action,
            "subject": subject,
            "outcome": outcome,
            "user": principal.user if principal else None,
            "user_tenant": principal.tenant if principal else None,
            "roles": sorted(principal.roles) if principal else [],
            "tenant": tenant,
            **more,
        }
    )
    _audit.info(line)


def audit_placement(
    placement_id: str | None,
    *,
    request_id: str,
    principal: Principal,
    tenant: str,
    outcome: str,
    objective: str,
    instances: Iterable[Mapping[str, Any]],
    reasons: Iterable[Why] = (),
    **more: Any,
) -> None:
    """Write one request for a placement to ``groupsolver.audit``: who, what, how it ended, and why these hosts.

    Parameters
    ----------
    placement_id : str or None
        None where nothing was claimed.
    outcome : str
        One of `groupsolver.api.observability.metrics.Outcome`.
    instances : iterable of mappings
        What was asked for: ``id``, ``name`` and ``group`` of each instance.
    reasons : iterable of Why
        What `groupsolver.checking.reasons.why` says of the answer; only newly placed members are written.
    **more
        Further keys of the line, JSON data, e.g. ``sentences`` of a conflict.
    """
    if not _audit.isEnabledFor(logging.INFO):
        return
    asked = [dict(instance) for instance in instances]
    audit(
        "placement-create",
        placement_id,
        request_id=request_id,
        principal=principal,
        tenant=tenant,
        outcome=outcome,
        objective=objective,
        groups=sorted({one["group"] for one in asked if one.get("group")}),
        instances=asked,
        why=[
            {"instance": w.member, "host": w.host, "cost": w.cost, "rules": list(w.rules)}
            for w in reasons
            if w.new
        ],
        **more,
    )


def audit_ended(instances: Iterable[Instance]) -> None:
    """Write that claims have ended which nobody confirmed: a line for each placement."""
    ended: dict[tuple[str, str], list[str]] = {}
    for one in instances:
        ended.setdefault((one.placement, one.tenant_id), []).append(one.id)
    for (placement, tenant), ids in ended.items():
        audit(
            "placement-expire",
            placement,
            request_id=None,
            principal=None,
            tenant=tenant,
            instances=ids,
        )


def auditing() -> bool:
    """Whether anybody reads ``groupsolver.audit``: otherwise the reasons need not be worked out."""
    return _audit.isEnabledFor(logging.INFO)
