"""The audit log: one line for each change, with the user, the action and the outcome.

The line of a placement also says why its hosts were chosen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from groupsolver.api.auth.principal import Principal
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
    "group-release",
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
    """Write one change to ``groupsolver.audit``.

    Parameters
    ----------
    action : str
    subject : str or None
        The id or name of what is changed; None where there is none, as for a placement that failed.
    request_id : str or None
        None for an action of the server itself.
    principal : Principal or None
        None for an action of the server itself.
    tenant : str or None
        The project of the subject; None for the fleet.
    outcome : str, default "done"
        ``done``, or the code of the error.
    **more
        Further keys of the line, as JSON data.
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
    """Write one request for a placement to ``groupsolver.audit``.

    Parameters
    ----------
    placement_id : str or None
        None where nothing was claimed.
    outcome : str
        One of `groupsolver.api.observability.metrics.PlacementOutcome`.
    instances : iterable of mappings
        The requested instances: ``id``, ``name`` and ``group`` of each.
    reasons : iterable of Why
        The result of `groupsolver.checking.reasons.why`; only newly placed members are written.
    **more
        Further keys of the line, as JSON data, e.g. ``sentences`` of a conflict.
    """
    if not _audit.isEnabledFor(logging.INFO):
        return
    requested = [dict(instance) for instance in instances]
    groups = {one["group"] for one in requested if one.get("group")}
    audit(
        "placement-create",
        placement_id,
        request_id=request_id,
        principal=principal,
        tenant=tenant,
        outcome=outcome,
        objective=objective,
        groups=sorted(groups),
        instances=requested,
        why=[
            {
                "instance": one.member,
                "host": one.host,
                "cost": one.cost,
                "rules": list(one.rules),
            }
            for one in reasons
            if one.new
        ],
        **more,
    )


def audit_expired(instances: Iterable[Instance]) -> None:
    """Write that unconfirmed claims have expired: one line for each placement."""
    expired: dict[tuple[str, str], list[str]] = {}
    for one in instances:
        expired.setdefault((one.placement, one.tenant_id), []).append(one.id)
    for (placement, tenant), ids in expired.items():
        audit(
            "placement-expire",
            placement,
            request_id=None,
            principal=None,
            tenant=tenant,
            instances=ids,
        )


def auditing() -> bool:
    """Return whether ``groupsolver.audit`` is written: otherwise no reasons are computed."""
    return _audit.isEnabledFor(logging.INFO)
