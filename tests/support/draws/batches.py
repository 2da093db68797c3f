"""Batches for the laws: small applications on one fleet, of which often not all fit."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.support.draws.applications import applications, fleets
from tests.support.draws.covered import cover
from tests.support.draws.optional_members import some_optional_members
from tests.support.oracle.batches import BatchOracle

Doc = dict[str, Any]
Case = tuple[Doc, Doc]  # a batch and a fleet
MEMBERS = 2  # of each application, at most


def batches(rnd: Random, kind: str, soft: bool) -> Case:
    """Two or three applications that hold a policy of a kind, and a fleet that is often too small.

    Some have values of their own; some name groups of others; in one batch of four, groups may
    leave members out.
    """
    fleet = fleets(rnd)
    apps = []
    optional = rnd.randint(1, 4) == 1
    for name in ("a", "b", "c")[: rnd.randint(2, 3)]:
        app = applications(rnd, kind, soft, fleet, MEMBERS)
        if optional and rnd.random() < 0.5:
            app, _ = some_optional_members((app, fleet), rnd)
        app["groups"] = [_with_members(group, rnd) for group in app["groups"]]
        value = {"value": rnd.choice((1, 2, 3))} if rnd.random() < 0.5 else {}
        apps.append({"name": name, **app, **value})
    for app in apps:
        _name_another(app, apps, rnd)
    if rnd.randint(1, 4) == 1:
        for app in apps:
            _rank(app, rnd)
    if rnd.randint(1, 4) == 1:
        price = rnd.choice((0, 1, 2000))
        for app in apps:
            app["host_price"] = price
    if rnd.random() < 0.5:
        fleet["hosts"] = [_fuller(host, rnd) for host in fleet["hosts"]]
    batch = {"applications": apps}
    # What runs of all applications together is in use.
    cover(fleet, BatchOracle(batch, fleet).merged(set()))
    return batch, fleet


def _with_members(group: Doc, rnd: Random) -> Doc:
    """The same group; one in six gives its first member an id of its own."""
    entries = [dict(entry) for entry in group.get("members", [])]
    if entries and entries[0].get("count", 1) == 1 and rnd.randint(1, 6) == 1:
        entries[0]["id"] = f"own-{group['name']}"
    return {**group, "members": entries}


def _name_another(app: Doc, apps: list[Doc], rnd: Random) -> None:
    """In one of four, let a policy name a group of another application."""
    if rnd.randint(1, 4) > 1:
        return
    other = rnd.choice([one for one in apps if one is not app])
    target = f"{other['name']}:{rnd.choice(other['groups'])['name']}"
    policy: Doc = {"kind": rnd.choice(("near", "apart-from")), "group": target, "level": "host"}
    if rnd.random() < 0.5:
        policy["weight"] = rnd.randint(1, 3)
    rnd.choice(app["groups"])["policies"].append(policy)


def _rank(app: Doc, rnd: Random) -> None:
    """Give some soft policies a priority."""
    for group in app["groups"]:
        for policy in group["policies"]:
            if "weight" in policy and rnd.random() < 0.7:
                policy["priority"] = rnd.randint(0, 1)


def _fuller(host: Doc, rnd: Random) -> Doc:
    used = host.get("used", {})
    more = rnd.choice((0, 1, 2, 4))
    return host | {"used": used | {"VCPU": used.get("VCPU", 0) + more}} if more else host
