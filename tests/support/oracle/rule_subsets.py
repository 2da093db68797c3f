"""What a subset of an application's rules means, over plain documents, for brute force.

This is a second reading of the definition in `groupsolver.solver.explain.rules`, and shares no code
with it:

- a policy that members could help binds only if the sizes of these members' groups are in the
  subset;
- a skew binds only if all rules that make hosts eligible are in the subset;
- a skew over domains with room binds only if all members are placed, with all that they take.
"""

from __future__ import annotations

from typing import Any

from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]
GroupPolicy = tuple[str, Doc]  # a group's name, and a policy of it

PER_HOST = ("host-capabilities", "within", "outside")
# Fewer new members never break these.
NEVER_HELPED = (
    *PER_HOST,
    "anti-affinity",
    "affinity",
    "network-proximity",
    "apart-from",
    "exclusive",
    "bandwidth",
)


def above(groups: list[Doc], name: str) -> set[str]:
    """A group and all that contain it."""
    return {group["name"] for group in groups if name in below(groups, group["name"])}


def below(groups: list[Doc], name: str) -> set[str]:
    """A group and all that it contains."""
    (group,) = [group for group in groups if group["name"] == name]
    found = {name}
    for child in group.get("groups", []):
        found |= below(groups, child)
    return found


def helping(groups: list[Doc], name: str, policy: Doc) -> set[str]:
    """The groups whose members may satisfy a policy of the group `name`."""
    if policy["kind"] == "near":
        return below(groups, policy["group"])
    if policy["kind"] in NEVER_HELPED and "max_percent" not in policy:
        return set()
    helped_by_members = {"min_domains", "max_skew", "share", "at_most", "max_percent"}
    if policy["kind"] == "spread" and not stated(policy).keys() & helped_by_members:
        return set()
    if policy.get("skew_over") == "with-room":
        return {group["name"] for group in groups}
    return below(groups, name)


def stated(policy: Doc) -> Doc:
    """A policy without the fields that say nothing."""
    return {field: value for field, value in policy.items() if value not in ([], {}, None)}


def only(
    app: Doc, fleet: Doc, policies: list[GroupPolicy], sizes: set[str], classes: set[str]
) -> tuple[Doc, Doc]:
    """The documents of an application that has some rules and no others.

    Parameters
    ----------
    policies : list of (str, dict)
        Hard policies, each with its group.
    sizes : set of str
        The groups whose new members are placed.
    classes : set of str
        The resource classes that new members need.
    """
    oracle = Oracle(app, fleet)
    groups = app["groups"]
    with_new_members = {group for _, group, _ in oracle.members}
    chosen = [(name, stated(policy)) for name, policy in policies]

    def binds(name: str, policy: Doc) -> bool:
        if not helping(groups, name, policy) & with_new_members <= sizes:
            return False
        if policy["kind"] != "spread" or policy.get("max_skew") is None:
            return True
        needed = {c for _, _, size in oracle.members for c, n in size.items() if n}
        if policy.get("skew_over") == "with-room" and not needed <= classes:
            return False
        return all(
            (owner, stated(other)) in chosen
            for owner, other in hard_pieces(app, fleet)
            if other["kind"] in PER_HOST and owner in above(groups, name)
        )

    kept = [(name, policy) for name, policy in chosen if binds(name, policy)]
    remaining = []
    for group in groups:
        name = group["name"]
        members = [
            {"id": id_, "resources": {c: n for c, n in size.items() if c in classes}}
            for id_, owner, size in oracle.members
            if owner == name and owner in sizes
        ]
        own_policies = [policy for owner, policy in kept if owner == name]
        remaining.append({**group, "policies": own_policies, "members": members})
    existing = [
        {"group": group, "id": id_, "host": host, "resources": oracle.own_size[id_]}
        for id_, group, host, _ in oracle.existing
    ]
    # Without a rule that requires a trait, hosts that are reserved for it stay open.
    required = {name: sorted(oracle.required(name)) for name in oracle.groups}
    return {"groups": remaining, "existing": existing, "x-required": required}, fleet


def hard_pieces(app: Doc, fleet: Doc) -> list[GroupPolicy]:
    """The hard policies; those that say several things are split."""
    oracle = Oracle(app, fleet)
    pieces: list[GroupPolicy] = []
    for name, policy in oracle.rules:
        if policy.get("weight") is not None:
            continue
        if policy["kind"] == "host-capabilities":
            pieces += [(name, piece) for piece in capability_pieces(policy)]
        elif policy["kind"] == "spread" and not oracle.measure(name, policy, oracle.existing):
            pieces += [(name, piece) for piece in spread_pieces(policy)]
        else:
            pieces.append((name, policy))
    return pieces


def spread_pieces(policy: Doc) -> list[Doc]:
    """Each number of a policy of the kind ``spread``, as a policy; the first with the rest."""
    numbers: list[Doc] = [
        {field: policy[field]}
        for field in ("min_domains", "max_domains", "max_skew")
        if policy.get(field) is not None
    ]
    if "skew_over" in policy:
        numbers[-1]["skew_over"] = policy["skew_over"]
    for field in ("share", "at_most"):
        numbers += [{field: {name: percent}} for name, percent in policy.get(field, {}).items()]
    if len(numbers) < 2:
        return [policy]
    said = {field for number in numbers for field in number}
    rest = {field: value for field, value in policy.items() if field not in said}
    others = {field: value for field, value in rest.items() if field != "everywhere"}
    return [rest | numbers[0], *(others | number for number in numbers[1:])]


def capability_pieces(policy: Doc) -> list[Doc]:
    """Each thing that a policy of the kind ``host-capabilities`` asks for, as a policy."""
    kind = policy["kind"]
    pieces: list[Doc] = []
    for field in ("required", "forbidden"):
        pieces += [{"kind": kind, field: [trait]} for trait in policy.get(field, [])]
    if policy.get("any_of"):
        pieces.append({"kind": kind, "any_of": policy["any_of"]})
    for name, amount in policy.get("minimum", {}).items():
        pieces.append({"kind": kind, "minimum": {name: amount}})
    return pieces


def possible(app: Doc, fleet: Doc) -> bool:
    """Whether brute force finds a placement."""
    return next(Oracle(app, fleet).held(), None) is not None
