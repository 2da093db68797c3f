"""Fleets and applications for the laws, drawn as documents: every oddity of the contract.

Hypothesis draws one seed a case. Where it draws each choice by itself, half of its cases are
copies of earlier ones with a part put elsewhere, so that few draws say little. On the other hand, a
failing case is not made smaller. The profile `shrink` does that.
"""

from __future__ import annotations

import json
import os
from random import Random
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from tests.support.draws.cells import some_cells
from tests.support.draws.covered import cover
from tests.support.draws.full import fill_domains
from tests.support.draws.host_prices import some_host_price
from tests.support.draws.links import some_bandwidth
from tests.support.draws.network import by_distance, some_links
from tests.support.draws.overfull import some_overfull
from tests.support.draws.pools import some_pools
from tests.support.draws.reserved import some_reserved
from tests.support.draws.scarce import has_scarce, some_scarce

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
    "bandwidth",
)
FLAVORS = {
    "s": {"resources": {"VCPU": 1}},
    "m": {"resources": {"VCPU": 2, "MEMORY_MB": 1}},
    "l": {"resources": {"VCPU": 3, "MEMORY_MB": 2}},
    "g": {"resources": {"VCPU": 1, "CUSTOM_GPU": 1}},
}
SIZES = ("s", "s", "m", "m", "l")
SCARCE_SIZES = (*SIZES, "g")  # where some host has what is scarce


def dice(kind: str, soft: bool) -> st.SearchStrategy[Random]:
    """What decides a whole case of a policy."""
    if os.environ.get("HYPOTHESIS_PROFILE") == "shrink":
        return st.randoms(use_true_random=False)
    return st.integers(0, 2**40).map(lambda seed: Random(f"{kind} {soft} {seed}"))


def draws(number: int) -> settings:
    """So many draws of a law; with a profile of more examples, in proportion more."""
    profile = settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
    return settings(max_examples=max(1, number * profile.max_examples // 30))


def _one_in(number: int, rnd: Random) -> bool:
    return rnd.randint(1, number) == 1


def fleets(rnd: Random) -> Doc:
    """Two to five hosts: levels nest, overlap or are missing; hosts are disabled, full, empty."""
    hosts = []
    for i in range(rnd.randint(2, 5)):
        domains = {
            level: f"{level[0]}{rnd.randint(0, 2)}" for level in LEVELS if not _one_in(10, rnd)
        }
        host: Doc = {"name": f"h{i}", "domains": domains, "cost": rnd.randint(0, 4)}
        total = rnd.randint(3, 7)
        host["inventory"] = {"VCPU": total, "MEMORY_MB": rnd.randint(3, 8)}
        if _one_in(6, rnd):
            host["inventory"]["VCPU"] = {
                "total": total,
                "reserved": 1,
                "allocation_ratio": 1.5,
                "max_unit": 2,
            }
        for name in ("VCPU", "MEMORY_MB"):
            if _one_in(8, rnd):
                host["inventory"][name] = some_units(rnd, host["inventory"][name])
        if not _one_in(3, rnd):
            host["used"] = {"VCPU": rnd.randint(0, 3), "MEMORY_MB": rnd.randint(0, 2)}
        host["traits"] = [trait for trait in ("SSD", "GPU") if _one_in(2, rnd)]
        if _one_in(10, rnd):
            host["enabled"] = False
        hosts.append(host)
    fleet = some_scarce(some_overfull(some_cells({"levels": list(LEVELS), "hosts": hosts})))
    return some_pools(some_links(some_reserved(fleet)))


def some_units(rnd: Random, declared: Any) -> Doc:
    """The same inventory with limits on what one member takes."""
    inventory = dict(declared) if isinstance(declared, dict) else {"total": declared}
    limits = {"min_unit": rnd.randint(1, 2), "step_size": rnd.randint(1, 3)}
    kept = rnd.sample(sorted(limits), rnd.randint(1, 2))
    return inventory | {name: limits[name] for name in kept}


def wide_fleets(rnd: Random, number: int) -> Doc:
    """Many hosts in few places and of few sorts, so that most are like others; prices often tie."""
    missing = rnd.choice((2, 4, 100))
    places = [
        {level: f"{level[0]}{rnd.randint(0, 3)}" for level in LEVELS if not _one_in(missing, rnd)}
        for _ in range(rnd.randint(2, 5))
    ]
    sorts: list[Doc] = []
    for _ in range(rnd.randint(1, 4)):
        free, used = rnd.randint(2, 7), rnd.randint(0, 3)
        inventory = {"VCPU": free + used, "MEMORY_MB": rnd.randint(2, 6)}
        traits = [trait for trait in ("SSD", "GPU") if not _one_in(3, rnd)]
        sorts.append({"inventory": inventory, "traits": traits, "used": {"VCPU": used}})
    sorts.append(sorts[0] | {"used": {}})
    dearest = rnd.choice((0, 1, 3, 20))
    hosts = []
    for i in range(number):
        # Each host has a place and a sort; one in six has another domain at some level.
        domains = dict(rnd.choice(places))
        if _one_in(6, rnd):
            level = rnd.choice(LEVELS)
            domains |= {level: f"{level[0]}{rnd.randint(0, 2)}"}
        host = {
            "name": f"h{i}",
            "domains": domains,
            "cost": rnd.randint(0, dearest),
            **rnd.choice(sorts),
        }
        if _one_in(20, rnd):
            host["enabled"] = False
        hosts.append(host)
    fleet = some_scarce(some_overfull(some_cells({"levels": list(LEVELS), "hosts": hosts})))
    return some_pools(some_links(some_reserved(fleet)))


def priced_anew(rnd: Random, case: tuple[Doc, Doc]) -> tuple[Doc, Doc]:
    """The same with other costs of hosts."""
    app, fleet = case
    dearest = rnd.choice((1, 2, 6, 30))
    return app, fleet | {
        "hosts": [host | {"cost": rnd.randint(0, dearest)} for host in fleet["hosts"]]
    }


def policies(rnd: Random, kind: str, soft: bool, others: list[str], hosts: list[str]) -> Doc:
    """One policy of a kind; `others` are the groups that it may name."""
    policy: Doc = {"kind": kind}
    if soft:
        policy["weight"] = rnd.randint(1, 3)
    level = rnd.choice(("host", "host", *LEVELS))
    if kind in (
        "anti-affinity",
        "affinity",
        "network-proximity",
        "spread",
        "apart-from",
        "near",
        "exclusive",
    ):
        policy["level"] = level
    match kind:
        case "anti-affinity":
            if _one_in(4, rnd):
                policy["max_percent"] = rnd.choice((1, 20, 34, 50, 67, 100))
            else:
                policy["max_per_domain"] = rnd.choice((1, 1, 2, 2))
            policy |= {"everywhere": True} if _one_in(5, rnd) else {}
        case "host-capabilities":
            field = rnd.choice(("required", "forbidden", "any_of", "minimum"))
            policy[field] = (
                {"VCPU": rnd.randint(2, 5)} if field == "minimum" else [rnd.choice(("SSD", "GPU"))]
            )
        case "spread":
            policy |= _numbers_of_spread(rnd, level, hosts)
            policy |= {"everywhere": True} if _one_in(3, rnd) else {}
        case "exclusive":
            policy |= {"scope": "tenant"} if _one_in(2, rnd) else {}
        case "apart-from" | "near":
            policy["group"] = rnd.choice(others)
        case "bandwidth":
            policy["mbps"] = rnd.choice((1, 1, 2, 3))
            if others and _one_in(3, rnd):
                policy["to"] = rnd.choice(others)
        case "within" | "outside":
            most = min(len(hosts), 2 if kind == "outside" else 4)
            policy["hosts"] = rnd.sample(hosts, rnd.randint(0, most))
            if _one_in(2, rnd):
                zones = rnd.sample(("z0", "z1"), rnd.randint(0, 2 if kind == "within" else 1))
                policy["domains"] = {"zone": zones}
    return by_distance(policy, rnd) if kind in ("network-proximity", "near") else policy


def _may_count_children(policy: Doc) -> bool:
    """Whether a policy takes `between`: shares are of members."""
    named = policy.keys() & {"share", "at_most"}
    return policy["kind"] in ("anti-affinity", "spread") and not named


def _numbers_of_spread(rnd: Random, level: str, hosts: list[str]) -> Doc:
    """One of the numbers of a spread, or two, rarely more."""
    names = hosts if level == "host" else [f"{level[0]}{i}" for i in range(3)]
    fields = ("min_domains", "max_skew", "max_domains", "share", "at_most")
    number = rnd.choice((1, 1, 1, 2, 2, 3))
    chosen = rnd.sample(fields, number)
    numbers: Doc = {}
    if "share" in chosen:
        numbers["share"] = _shares(rnd, names)
    if "at_most" in chosen:
        limited = rnd.sample(names, rnd.randint(1, min(2, len(names))))
        limits = {name: rnd.choice((0, 25, 34, 50, 60, 99)) for name in limited}
        # A share of more than the limit is bad input.
        shares = numbers.get("share", {})
        numbers["at_most"] = {name: max(n, shares.get(name, 0)) for name, n in limits.items()}
    if "min_domains" in chosen:
        numbers["min_domains"] = rnd.randint(1, 3)
    if "max_domains" in chosen:
        most = rnd.choice((1, 1, 2, 2, 3))
        numbers["max_domains"] = max(most, len(numbers.get("share", {})))
    if "max_skew" in chosen:
        numbers["max_skew"] = rnd.randint(0, 2)
        if not _one_in(2, rnd):
            numbers["max_skew"] = rnd.choice((0, 0, 1))
            numbers["skew_over"] = "with-room"
    return numbers


def _shares(rnd: Random, names: list[str]) -> dict[str, int]:
    """Shares of one domain or two, of 100 per cent in all at most."""
    first = rnd.choice((0, 1, 25, 34, 50, 50, 67, 100))
    shares = {rnd.choice(names): first}
    if _one_in(2, rnd):
        shares.setdefault(rnd.choice(names), rnd.choice((1, 20, 33)) if first <= 67 else 0)
    return shares


def _same(policy: Doc) -> tuple[Doc, bool]:
    """What two policies of a group may not have in common."""
    says = {key: value for key, value in policy.items() if key not in ("weight", "priority")}
    return {"level": "host", **says}, "weight" in policy


def cases(rnd: Random, kind: str, soft: bool) -> tuple[Doc, Doc]:
    """An application that holds a policy of `kind`, and a fleet small enough for brute force."""
    fleet = fleets(rnd)
    case = some_bandwidth((applications(rnd, kind, soft, fleet, members=4), fleet), rnd)
    return some_host_price(case)


def wide_cases(rnd: Random, kind: str, soft: bool) -> tuple[Doc, Doc]:
    """The same with three hosts or more for each new member: the reduction has hosts to drop."""
    members = rnd.randint(2, 4)
    fleet = wide_fleets(rnd, 3 * members + rnd.randint(0, 4))
    case = some_bandwidth((applications(rnd, kind, soft, fleet, members), fleet), rnd)
    return some_host_price(case)


def applications(rnd: Random, kind: str, soft: bool, fleet: Doc, members: int) -> Doc:
    """Two or three groups, often with parents, running members and up to two more policies."""
    names = [host["name"] for host in fleet["hosts"]]
    sizes = SCARCE_SIZES if has_scarce(fleet) else SIZES
    groups = _groups(rnd, members, sizes)
    for group in groups if _one_in(2, rnd) else ():
        group.update({"tenant_id": rnd.choice(("blue", "green"))} if not _one_in(3, rnd) else {})
    existing: list[Doc] = []
    for i in range(rnd.randint(0, 2)):
        owner = rnd.choice(groups)
        id_ = f"{owner['name']}/0" if i == 0 and _one_in(4, rnd) else f"old{i}"
        there = {"group": owner["name"], "id": id_, "host": rnd.choice(names)}
        if id_.startswith("old") or _one_in(2, rnd):
            there["flavor"] = rnd.choice(sizes)
        existing.append(there)
    number = rnd.choice(
        ((0,), (0, 1), (0, 1, 1, 2))
    )  # of policies beside the featured one: where it is alone, it shows
    for owner in groups:
        featured = owner["name"] == "A" or (owner["name"] == "P" and not _one_in(3, rnd))
        for which in range(rnd.choice(number) + featured):
            other = rnd.choice(KINDS), not _one_in(4, rnd)
            k, s = (kind, soft) if featured and which == 0 else other
            related = _related(owner["name"], groups)
            others = [group["name"] for group in groups if group["name"] not in related]
            others += (
                ["Q"] if "Q" in others else []
            )  # with P it has a group in common, which is worth the weight
            if others or k not in ("near", "apart-from"):
                policy = policies(rnd, k, s, others, names)
                if _may_count_children(policy) and "groups" in owner and not _one_in(3, rnd):
                    policy["between"] = "children"
                if _same(policy) not in [_same(one) for one in owner["policies"]]:
                    owner["policies"].append(policy)
    app = {"flavors": FLAVORS, "groups": groups, "existing": existing}
    fill_domains(rnd, fleet, app)
    cover(fleet, app)
    return app


def _groups(rnd: Random, left: int, sizes: tuple[str, ...] = SIZES) -> list[Doc]:
    """Groups of at most so many members in all, the first with some and with up to two parents."""
    groups: list[Doc] = []
    for name in ("A", "B", "C")[: rnd.randint(2, 3)]:
        found: list[Doc] = []
        while left and not (_one_in(3, rnd) and (groups or found)):
            count = rnd.randint(1, left if groups else max(1, left - 1))
            found.append({"flavor": rnd.choice(sizes), "count": count})
            left -= count
        groups.append({"name": name, "policies": [], "members": found})
    if _one_in(2, rnd):
        inner = ["A", "C"] if len(groups) == 3 and _one_in(2, rnd) else ["A"]
        groups.append({"name": "P", "policies": [], "groups": inner})
        if _one_in(2, rnd):
            groups.append({"name": "Q", "policies": [], "groups": ["A"]})
            # One Q in three has P too: two of its children then have the members of A. Drawn from
            # the groups alone, so that whatever else is drawn stays what it was.
            if _one_in(3, Random(json.dumps(groups))):
                groups[-1]["groups"] = ["A", "P"]
    return groups


def _related(name: str, groups: list[Doc]) -> set[str]:
    """The group of a name, with all groups above and below it."""
    children = {group["name"]: group.get("groups", []) for group in groups}

    def below(start: str) -> set[str]:
        return {start}.union(*(below(child) for child in children[start]))

    return below(name) | {other for other in children if name in below(other)}
