"""Full domains for the laws of skews that count domains with room for one more member."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

Doc = dict[str, Any]


def fill_domains(rnd: Random, fleet: Doc, app: Doc) -> None:
    """Fill a domain, or all but one or two processors of each host of it, for each such skew."""
    for group in app["groups"]:
        for policy in group["policies"]:
            if policy.get("skew_over") == "with-room" and rnd.randint(1, 5) > 1:
                _fill(rnd, fleet, policy["level"])


def _fill(rnd: Random, fleet: Doc, level: str) -> None:
    domain = {
        host["name"]: host["name"] if level == "host" else host.get("domains", {}).get(level)
        for host in fleet["hosts"]
    }
    known = sorted({name for name in domain.values() if name is not None})
    if len(known) < 2:
        return
    chosen = rnd.choice(known)
    left = rnd.choice((0, 0, 1, 1, 2))
    for host in fleet["hosts"]:
        if domain[host["name"]] == chosen:
            used = dict(host.get("used", {}))
            used["VCPU"] = max(used.get("VCPU", 0), _processors(host) - left)
            host["used"] = used


def _processors(host: Doc) -> int:
    """What the host has, or its largest cell: what runs in an unknown cell counts in each."""
    declared = [
        place.get("inventory", {}).get("VCPU", 0) for place in (host, *host.get("cells", []))
    ]
    return max(_capacity(one) for one in declared)


def _capacity(declared: Any) -> int:
    if not isinstance(declared, dict):
        return int(declared)
    ratio = Fraction(str(declared.get("allocation_ratio", 1)))
    return int((declared["total"] - declared.get("reserved", 0)) * ratio)
