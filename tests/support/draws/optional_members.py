"""Groups of which members may be left out, drawn onto an application."""

from __future__ import annotations

from random import Random
from typing import Any

Doc = dict[str, Any]
Case = tuple[Doc, Doc]
MOST_MEMBERS = 6  # in all: brute force tries every set of them


def some_optional_members(case: Case, rnd: Random) -> Case:
    """The same with `at_least` in some groups, often of parents, and with values.

    Often there are more members, and in one case of two hosts have less room.
    """
    app, fleet = case
    groups = [dict(group) for group in app["groups"]]
    for _ in range(rnd.randint(0, 3)):
        _one_more_member(groups, rnd)
    for group in groups:
        entries = [
            entry | ({"value": rnd.choice((1, 2, 3))} if rnd.random() < 0.6 else {})
            for entry in group.get("members", [])
        ]
        group["members"] = entries
    asking = [group for group in groups if rnd.random() < 0.5] or [rnd.choice(groups)]
    for group in asking:
        group["at_least"] = rnd.randint(0, _members_below(groups, group))
    if rnd.random() < 0.5:
        fleet = fleet | {"hosts": [_fuller(host, rnd) for host in fleet["hosts"]]}
    return app | {"groups": groups}, fleet


def _one_more_member(groups: list[Doc], rnd: Random) -> None:
    """Add a member to some entry, while there are few."""
    if sum(_members_below(groups, group) for group in groups) >= MOST_MEMBERS:
        return
    filled = [group for group in groups if group.get("members")]
    if filled:
        group = rnd.choice(filled)
        entries = [dict(entry) for entry in group["members"]]
        entry = rnd.choice(entries)
        entry["count"] = entry.get("count", 1) + 1
        group["members"] = entries


def _members_below(groups: list[Doc], group: Doc) -> int:
    names = {group["name"], *group.get("groups", [])}
    return sum(
        entry.get("count", 1)
        for one in groups
        if one["name"] in names
        for entry in one.get("members", [])
    )


def _fuller(host: Doc, rnd: Random) -> Doc:
    """The same host, often with more of its processors in use."""
    used = host.get("used", {})
    more = rnd.choice((0, 1, 2, 4))
    return host | {"used": used | {"VCPU": used.get("VCPU", 0) + more}} if more else host
