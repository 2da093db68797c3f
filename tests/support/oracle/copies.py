"""Copies of an application as a document: a second reading of what they are, for the laws."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Doc = dict[str, Any]


def copied(app: Doc, number: int) -> Doc:
    """An application of several copies, each in groups of its own, beside what runs.

    Copies have the hard policies. Groups that run keep the hard policies that look at everybody.
    """
    flavors = app.get("flavors", {})
    groups = [_running_group(group) for group in app["groups"]]
    for copy in range(number):
        groups += [_copied_group(group, copy) for group in app["groups"]]
    described = _described_sizes(app)
    existing = []
    for there in app.get("existing", []):
        size = flavors[there["flavor"]]["resources"] if "flavor" in there else None
        size = there.get("resources") if size is None else size
        size = described.get(there["id"], {}) if size is None else size
        kept = {key: value for key, value in there.items() if key != "flavor"}
        existing.append(kept | {"resources": size, "id": f"old {there['id']}"})
    return {"flavors": flavors, "groups": groups, "existing": existing}


def _described_sizes(app: Doc) -> dict[str, dict[str, int]]:
    """The size of every member of the file, by its id."""
    flavors = app.get("flavors", {})
    sizes: dict[str, dict[str, int]] = {}
    for group in app["groups"]:
        index = 0
        for entry in group.get("members", []):
            if "flavor" in entry:
                size = flavors[entry["flavor"]]["resources"]
            else:
                size = entry["resources"]
            for _ in range(entry.get("count", 1)):
                sizes[entry.get("id", f"{group['name']}/{index}")] = size
                index += 1
    return sizes


def _running_group(group: Doc) -> Doc:
    policies = [
        policy
        for policy in group.get("policies", [])
        if policy["kind"] == "exclusive" and "weight" not in policy
    ]
    return deepcopy(group) | {"members": [], "policies": policies}


def _copied_group(group: Doc, copy: int) -> Doc:
    new = deepcopy(group) | {"name": f"{group['name']}#{copy}"}
    new["groups"] = [f"{child}#{copy}" for child in group.get("groups", [])]
    new["members"] = [
        {key: value for key, value in entry.items() if key != "id"}
        for entry in group.get("members", [])
    ]
    hard = [policy for policy in new.get("policies", []) if "weight" not in policy]
    new["policies"] = [_in_copy(policy, copy) for policy in hard]
    return new


def _in_copy(policy: Doc, copy: int) -> Doc:
    """A policy about the other groups of its copy."""
    named = {key: f"{policy[key]}#{copy}" for key in ("group", "to") if key in policy}
    return policy | named


def numbered(placements: list[dict[str, str]]) -> dict[str, str]:
    """The placement of all copies, by the ids that members without their own have in `copied`."""
    found = {}
    for copy, placement in enumerate(placements):
        for id_, host in placement.items():
            group, index = id_.rsplit("/", 1)
            found[f"{group}#{copy}/{index}"] = host
    return found
