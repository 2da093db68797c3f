"""Copies of an application as a document: a second reading of what they are, for the laws."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Doc = dict[str, Any]


def copied(app: Doc, number: int) -> Doc:
    """So many copies, each in groups of its own, beside what runs: hard policies, and of running groups what looks
    at everyone."""
    flavors = app.get("flavors", {})
    sizes: dict[str, dict[str, int]] = {}
    groups: list[Doc] = []
    for group in app["groups"]:
        index = 0
        for members in group.get("members", []):
            for _ in range(members.get("count", 1)):
                size = (
                    flavors[members["flavor"]]["resources"]
                    if "flavor" in members
                    else members["resources"]
                )
                sizes[members.get("id", f"{group['name']}/{index}")] = size
                index += 1
        stays = [
            p for p in group.get("policies", []) if p["kind"] == "exclusive" and "weight" not in p
        ]
        groups.append(deepcopy(group) | {"members": [], "policies": stays})
    for copy in range(number):
        for group in app["groups"]:
            fresh = deepcopy(group) | {"name": f"{group['name']}#{copy}"}
            fresh["groups"] = [f"{child}#{copy}" for child in group.get("groups", [])]
            fresh["members"] = [
                {k: v for k, v in members.items() if k != "id"}
                for members in group.get("members", [])
            ]
            fresh["policies"] = [
                _named(p, copy) for p in fresh.get("policies", []) if "weight" not in p
            ]
            groups.append(fresh)
    existing = []
    for there in app.get("existing", []):
        size = (
            flavors[there["flavor"]]["resources"] if "flavor" in there else there.get("resources")
        )
        size = sizes.get(there["id"], {}) if size is None else size
        kept = {k: v for k, v in there.items() if k != "flavor"}
        existing.append(kept | {"resources": size, "id": f"old {there['id']}"})
    return {"flavors": flavors, "groups": groups, "existing": existing}


def _named(policy: Doc, copy: int) -> Doc:
    return {k: f"{v}#{copy}" if k in ("group", "to") else v for k, v in policy.items()}


def numbered(placements: list[dict[str, str]]) -> dict[str, str]:
    """The placement of all copies, by the members' names in `copied`; of members without ids of their own."""
    found = {}
    for copy, placement in enumerate(placements):
        for id_, host in placement.items():
            group, index = id_.rsplit("/", 1)
            found[f"{group}#{copy}/{index}"] = host
    return found
