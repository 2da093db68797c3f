"""Small fleets and applications for the laws, drawn as documents: every oddity of the contract."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Doc = dict[str, Any]
LEVELS = ("zone", "rack", "feed")
KINDS = (
    "anti-affinity",
    "affinity",
    "network-proximity",
    "host-capabilities",
    "spread",
    "apart-from",
    "near",
    "exclusive",
    "within",
    "outside",
)


def _maybe(draw: Any, one_in: int) -> bool:
    return bool(draw(st.integers(1, one_in)) == 1)


@st.composite
def fleets(draw: Any, least: int = 2, most: int = 5) -> Doc:
    """Levels that nest, overlap and are missing; disabled, overfull, empty and busy hosts."""
    hosts = []
    for i in range(draw(st.integers(least, most))):
        domains = {level: f"{level[0]}{draw(st.integers(0, 2))}" for level in LEVELS if not _maybe(draw, 10)}
        host: Doc = {"name": f"h{i}", "domains": domains, "cost": draw(st.integers(0, 4))}
        total = draw(st.integers(2, 6))
        host["inventory"] = {"VCPU": total, "MEMORY_MB": draw(st.integers(3, 8))}
        if _maybe(draw, 6):
            host["inventory"]["VCPU"] = {"total": total, "reserved": 1, "allocation_ratio": 1.5, "max_unit": 2}
        if not _maybe(draw, 3):
            host["used"] = {"VCPU": draw(st.integers(0, 3)), "MEMORY_MB": draw(st.integers(0, 2))}
        host["traits"] = [trait for trait in ("SSD", "GPU") if _maybe(draw, 2)]
        if _maybe(draw, 10):
            host["enabled"] = False
        hosts.append(host)
    return {"levels": list(LEVELS), "hosts": hosts}


@st.composite
def policies(draw: Any, kind: str, soft: bool, others: list[str], hosts: list[str]) -> Doc:
    """One policy of a kind; `others` are the groups that it may name."""
    policy: Doc = {"kind": kind}
    if soft:
        policy["weight"] = draw(st.integers(1, 3))
    level = draw(st.sampled_from(("host", "host", *LEVELS)))
    if kind in ("anti-affinity", "affinity", "network-proximity", "spread", "apart-from", "near", "exclusive"):
        policy["level"] = level
    match kind:
        case "anti-affinity":
            policy["max_per_domain"] = draw(st.sampled_from((1, 1, 2)))
        case "host-capabilities":
            field = draw(st.sampled_from(("required", "forbidden", "any_of", "minimum")))
            policy[field] = {"VCPU": draw(st.integers(2, 5))} if field == "minimum" else [
                draw(st.sampled_from(("SSD", "GPU")))
            ]
        case "spread":
            which = draw(st.integers(1, 3))
            policy |= {"min_domains": draw(st.integers(1, 3))} if which & 1 else {}
            policy |= {"max_skew": draw(st.integers(0, 2))} if which & 2 else {}
        case "apart-from" | "near":
            policy["group"] = draw(st.sampled_from(others))
        case "within" | "outside":
            few = 2 if kind == "outside" else 4
            policy["hosts"] = draw(st.lists(st.sampled_from(hosts), max_size=few, unique=True))
            if _maybe(draw, 2):
                zones = draw(st.lists(st.sampled_from(("z0", "z1")), max_size=2 if kind == "within" else 1))
                policy["domains"] = {"zone": zones}
    return policy


def _same(policy: Doc) -> tuple[object, ...]:
    return policy["kind"], policy.get("level", "host"), policy.get("group"), "weight" in policy


@st.composite
def cases(draw: Any, kind: str, soft: bool, hosts: tuple[int, int] = (2, 5), members: int = 4) -> tuple[Doc, Doc]:
    """An application that holds a policy of `kind`, up to two more a group, and a fleet for it."""
    fleet = draw(fleets(*hosts))
    names = [host["name"] for host in fleet["hosts"]]
    flavors = {
        "s": {"resources": {"VCPU": 1}},
        "m": {"resources": {"VCPU": 2, "MEMORY_MB": 1}},
        "l": {"resources": {"VCPU": 3, "MEMORY_MB": 2}},
    }
    flavor = st.sampled_from(("s", "s", "m", "m", "l"))
    groups: list[Doc] = []
    left = members
    for name in ("A", "B", "C")[: draw(st.integers(2, 3))]:
        found = []
        while left and not _maybe(draw, 3):
            count = draw(st.integers(1, left))
            found.append({"flavor": draw(flavor), "count": count})
            left -= count
        groups.append({"name": name, "policies": [], "members": found})
    if not any(group["members"] for group in groups):
        groups[0]["members"] = [{"flavor": "s", "count": 2}]
    if _maybe(draw, 2):  # a parent of the first group, or of the first two; sometimes a second parent
        inner = ["A", "C"] if len(groups) == 3 and _maybe(draw, 2) else ["A"]
        groups.append({"name": "P", "policies": [], "groups": inner})
        if _maybe(draw, 4):
            groups.append({"name": "Q", "policies": [], "groups": ["A"]})
    existing: list[Doc] = []
    for i in range(draw(st.integers(0, 2)) if _maybe(draw, 2) else 0):
        owner = draw(st.sampled_from(groups))
        id_ = f"{owner['name']}/0" if i == 0 and _maybe(draw, 3) else f"old{i}"
        there = {"group": owner["name"], "id": id_, "host": draw(st.sampled_from(names))}
        if id_.startswith("old") or _maybe(draw, 2):
            there["flavor"] = draw(flavor)
        existing.append(there)
    for owner in groups:
        featured = owner is groups[0] or (owner["name"] == "P" and _maybe(draw, 2))
        for which in range(draw(st.integers(0, 2)) + featured):
            k, s = (kind, soft) if featured and which == 0 else (draw(st.sampled_from(KINDS)), _maybe(draw, 2))
            related = {owner["name"]}
            related |= {"A": {"P", "Q"}, "C": {"P"}, "P": {"A", "C"}, "Q": {"A"}}.get(owner["name"], set())
            others = [group["name"] for group in groups if group["name"] not in related]
            if others or k not in ("near", "apart-from"):
                policy = draw(policies(k, s, others, names))
                if _same(policy) not in map(_same, owner["policies"]):
                    owner["policies"].append(policy)
    return {"flavors": flavors, "groups": groups, "existing": existing}, fleet
