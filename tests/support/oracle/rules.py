"""What a set of an application's rules means, read once more over plain documents, for brute force.

It repeats the definition and shares no code with what it judges: a policy that members could help binds
only where the sizes of these members' groups are there; a skew only with all rules that make hosts eligible.
"""

from __future__ import annotations

from typing import Any

from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]
PER_HOST = ("host-capabilities", "within", "outside")
# Fewer new members never break these.
NEVER_BETTER = (
    *PER_HOST,
    "anti-affinity",
    "affinity",
    "network-proximity",
    "apart-from",
    "exclusive",
    "bandwidth",
)


def above(groups: list[Doc], name: str) -> set[str]:
    return {group["name"] for group in groups if name in below(groups, group["name"])}


def below(groups: list[Doc], name: str) -> set[str]:
    (group,) = [one for one in groups if one["name"] == name]
    return {name}.union(*(below(groups, child) for child in group.get("groups", [])))


def helping(groups: list[Doc], name: str, policy: Doc) -> set[str]:
    """Give the groups whose members a policy is the better for."""
    if policy["kind"] == "near":
        return below(groups, policy["group"])
    return set() if policy["kind"] in NEVER_BETTER else below(groups, name)


def only(
    app: Doc, fleet: Doc, policies: list[tuple[str, Doc]], sizes: set[str], classes: set[str]
) -> tuple[Doc, Doc]:
    """Give the documents of an application that has just some rules.

    `policies` are hard ones, each with its group; `sizes` the groups whose new members are placed; `classes`
    the resource classes that they need anything of.
    """
    oracle = Oracle(app, fleet)
    groups = app["groups"]
    new = {group for _, group, _ in oracle.members}

    def binds(name: str, policy: Doc) -> bool:
        if not helping(groups, name, policy) & new <= sizes:
            return False
        if policy["kind"] != "spread" or policy.get("max_skew") is None:
            return True
        rest = [
            (n, p)
            for n, p in hard_pieces(app, fleet)
            if p["kind"] in PER_HOST and n in above(groups, name)
        ]
        return all(one in policies for one in rest)

    kept = [one for one in policies if binds(*one)]
    told = []
    for group in groups:
        members = [
            {"id": id_, "resources": {c: n for c, n in size.items() if c in classes}}
            for id_, owner, size in oracle.members
            if owner == group["name"] and owner in sizes
        ]
        told.append(
            {**group, "policies": [p for n, p in kept if n == group["name"]], "members": members}
        )
    existing = [
        {"group": group, "id": id_, "host": host, "resources": oracle.own_size[id_]}
        for id_, group, host, _ in oracle.existing
    ]
    return {"groups": told, "existing": existing}, fleet


def hard_pieces(app: Doc, fleet: Doc) -> list[tuple[str, Doc]]:
    """Give the hard policies, those that say several things in pieces."""
    oracle = Oracle(app, fleet)
    found: list[tuple[str, Doc]] = []
    for name, policy in oracle.rules:
        if policy.get("weight") is not None:
            continue
        if policy["kind"] == "host-capabilities":
            found += [
                (name, {"kind": policy["kind"], "required": [t]})
                for t in policy.get("required", [])
            ]
            found += [
                (name, {"kind": policy["kind"], "forbidden": [t]})
                for t in policy.get("forbidden", [])
            ]
            if policy.get("any_of"):
                found.append((name, {"kind": policy["kind"], "any_of": policy["any_of"]}))
            found += [
                (name, {"kind": policy["kind"], "minimum": {c: n}})
                for c, n in policy.get("minimum", {}).items()
            ]
        elif (
            policy["kind"] == "spread"
            and policy.get("min_domains") is not None
            and policy.get("max_skew") is not None
            and not oracle.measure(name, policy, oracle.existing)
        ):
            found += [
                (name, {k: v for k, v in policy.items() if k != other})
                for other in ("max_skew", "min_domains")
            ]
        else:
            found.append((name, policy))
    return [(name, plain(policy)) for name, policy in found]


def plain(policy: Doc) -> Doc:
    """Leave out the fields of a policy that say nothing."""
    return {key: value for key, value in policy.items() if value not in ([], {}, None)}


def possible(app: Doc, fleet: Doc) -> bool:
    """Whether brute force finds a placement."""
    oracle = Oracle(app, fleet)
    return any(oracle.holds(placement) for placement in oracle.placements())
