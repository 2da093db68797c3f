"""Applications with `survives`, small enough that every loss and recovery can be tried."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.support.draws.applications import FLAVORS, SIZES, policies
from tests.support.draws.covered import cover
from tests.support.draws.pools import some_pools
from tests.support.draws.reserved import some_reserved

Doc = dict[str, Any]
BESIDE = (
    "anti-affinity",
    "anti-affinity",
    "affinity",
    "host-capabilities",
    "spread",
    "apart-from",
    "near",
    "exclusive",
    "within",
)


def _one_in(number: int, rnd: Random) -> bool:
    return rnd.randint(1, number) == 1


def fleets(rnd: Random) -> Doc:
    """Three to five hosts in levels that overlap and are missing; tight, disabled and busy ones."""
    hosts = []
    for i in range(rnd.randint(3, 5)):
        domains = {
            level: f"{level[0]}{rnd.randint(0, 2)}"
            for level in ("zone", "rack")
            if not _one_in(8, rnd)
        }
        host: Doc = {"name": f"h{i}", "domains": domains, "cost": rnd.randint(0, 6)}
        host["inventory"] = {"VCPU": rnd.randint(2, 5), "MEMORY_MB": rnd.randint(1, 4)}
        host["used"] = {"VCPU": rnd.randint(0, 1)} if _one_in(3, rnd) else {}
        host["traits"] = [trait for trait in ("SSD", "GPU") if not _one_in(3, rnd)]
        if _one_in(12, rnd):
            host["enabled"] = False
        hosts.append(host)
    return some_pools(some_reserved({"levels": ["zone", "rack", "feed"], "hosts": hosts}))


def survives(rnd: Random, soft: bool, failures: int) -> Doc:
    """One `survives`; 0 failures: mostly one."""
    policy: Doc = {
        "kind": "survives",
        "level": rnd.choice(("host", "host", "rack", "zone", "feed")),
    }
    policy |= {"failures": failures or 2} if failures or _one_in(4, rnd) else {}
    return policy | ({"weight": rnd.randint(1, 3)} if soft else {})


def _groups(rnd: Random) -> list[Doc]:
    """Two groups of two to four members in all."""
    left = rnd.randint(2, 4)
    groups: list[Doc] = []
    for name in ("A", "B"):
        count = rnd.randint(1, left) if name == "A" else left
        sizes = [rnd.choice(SIZES) for _ in range(min(count, rnd.choice((1, 1, 2))))]
        members: list[Doc] = [{"flavor": size, "count": 1} for size in sizes[1:]]
        members += [{"flavor": sizes[0], "count": count - len(members)}] if count else []
        groups.append({"name": name, "policies": [], "members": members})
        left -= count
    return groups


def _running(rnd: Random, fleet: Doc) -> list[Doc]:
    """Up to two running members; mostly their hosts have the room that they take."""
    existing = []
    for i in range(rnd.choice((0, 0, 1, 2))):
        host = rnd.choice(fleet["hosts"])
        there = {"group": rnd.choice(("A", "A", "B")), "id": f"old{i}", "host": host["name"]}
        existing.append(there | {"flavor": rnd.choice(SIZES)})
        for resource, amount in FLAVORS[existing[-1]["flavor"]]["resources"].items():
            host["used"][resource] = host["used"].get(resource, 0) + amount
            enough = 0 if _one_in(4, rnd) else amount
            if resource in host["inventory"]:  # else it is in a pool
                host["inventory"][resource] += enough
    return existing


def cases(rnd: Random, soft: bool, ranked: bool = False, failures: int = 0) -> tuple[Doc, Doc]:
    """Groups with `survives` on one or on a parent, sometimes both, and with other policies."""
    fleet = fleets(rnd)
    names = [host["name"] for host in fleet["hosts"]]
    groups = _groups(rnd)
    existing = _running(rnd, fleet)
    owner = groups[0]
    if _one_in(4, rnd):
        owner = {"name": "P", "policies": [], "groups": ["A", "B"] if _one_in(2, rnd) else ["A"]}
        groups.append(owner)
    owner["policies"].append(survives(rnd, soft, failures))
    if _one_in(6, rnd):
        groups[0]["policies"].append(survives(rnd, not soft, failures))
    for group in groups[:2]:
        kind = rnd.choice((*BESIDE, None, None, None))
        if kind is not None:
            other = "B" if group["name"] == "A" else "A"
            policy = policies(rnd, kind, _one_in(4, rnd), [other], names)
            if not policy.keys() & {"max_hops", "max_latency_us"}:
                group["policies"].append(policy)
    ranks = [
        policy for group in groups for policy in group["policies"] if ranked and "weight" in policy
    ]
    for policy in ranks:
        policy.update({} if _one_in(3, rnd) else {"priority": rnd.randint(0, 2)})
    app = {"flavors": FLAVORS, "groups": groups, "existing": existing}
    cover(fleet, app)
    return app, fleet


def minded(rnd: Random, soft: bool) -> tuple[Doc, Doc]:
    """Two or three failures, and a rule that depends on members where nothing is lost."""
    hosts: list[Doc] = []
    for i in range(rnd.randint(3, 5)):
        rack = (
            {}
            if _one_in(3, rnd)
            else {"rack": f"r{i}" if _one_in(2, rnd) else f"r{rnd.randint(0, 2)}"}
        )
        host: Doc = {
            "name": f"h{i}",
            "domains": {"zone": f"z{rnd.randint(0, 1)}", **rack},
            "cost": rnd.randint(0, 2),
        }
        host |= {
            "inventory": {"VCPU": rnd.randint(1, 6)},
            "used": {"VCPU": 1} if _one_in(3, rnd) else {},
        }
        hosts.append(host | {"enabled": not _one_in(5, rnd)})
    level = rnd.choice(("host", "rack", "zone"))
    kind = rnd.choice(("near", "near", "apart-from", "exclusive", "spread", "spread"))
    rule: Doc = {"kind": kind, "level": level}
    if kind == "spread":
        rule["max_skew"] = rnd.randint(0, 1)
    elif kind in ("near", "apart-from"):
        rule["group"] = "B"
    survives_: Doc = {
        "kind": "survives",
        "level": rnd.choice(("host", "rack")),
        "failures": rnd.choice((2, 2, 3)),
    }
    survives_ |= {"weight": 1} if soft else {}
    small = {"resources": {"VCPU": 1}}
    groups: list[Doc] = [
        {
            "name": "A",
            "policies": [rule, survives_],
            "members": [{"count": rnd.randint(0, 2), **small}],
        },
        {"name": "B", "policies": [], "members": [{"count": rnd.randint(1, 2), **small}]},
    ]
    groups[0]["members"] = [one for one in groups[0]["members"] if one["count"]]
    existing: list[Doc] = []
    if not groups[0]["members"] or _one_in(3, rnd):
        host = rnd.choice(hosts)
        existing.append({"group": "A", "id": "old", "host": host["name"], **small})
        host["inventory"]["VCPU"] += 1
        host["used"] = {"VCPU": host["used"].get("VCPU", 0) + 1}
    return {"groups": groups, "existing": existing}, {"levels": ["zone", "rack"], "hosts": hosts}
