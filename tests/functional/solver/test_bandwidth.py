"""The hose model: against maximum flows on random trees, by hand, and with large numbers."""

from __future__ import annotations

from random import Random
from typing import Any

import networkx as nx
import pytest
from pydantic import ValidationError

from groupsolver import Application, BadInput, Fleet, check, compile_fleet, solve
from groupsolver.constraints.policies.bandwidth import Bandwidth
from tests.laws.test_laws import ONE

Doc = dict[str, Any]


def tree(rnd: Random) -> Doc:
    """Hosts below racks below zones below a core, each by a link or two to what is above it."""
    hosts, links = [], []
    above: dict[str, str] = {}
    for i in range(rnd.randint(4, 8)):
        rack = f"r{rnd.randint(0, 3)}"
        zone = above.setdefault(rack, f"z{rnd.randint(0, 1)}")
        hosts.append(
            {"name": f"h{i}", "domains": {"zone": zone, "rack": rack}, "inventory": {"VCPU": 99}}
        )
        above[f"h{i}"] = rack
    above |= dict.fromkeys(
        sorted(set(above.values()) - {rack for rack in above if rack.startswith("r")}), "core"
    )
    for one, other in above.items():
        for _ in range(rnd.choice((1, 1, 2))):
            link = {"between": rnd.sample([one, other], 2), "bandwidth_mbps": rnd.randint(0, 300)}
            links.append(
                link | ({"used_mbps": rnd.randint(0, 350)} if rnd.randint(0, 2) == 0 else {})
            )
    return {"levels": ["zone", "rack"], "hosts": hosts, "links": links}


def flow(fleet: Doc, mbps: int, here: list[str], there: list[str], below: set[str]) -> int:
    """The most that members inside send to members outside, through the tree: by networkx."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(("from", "to"))
    for link in fleet["links"]:
        one, other = link["between"]
        graph.add_edge(one, other)  # no capacity: unbounded
        graph.add_edge(other, one)
    for sends, hosts in (
        (True, [host for host in here if host in below]),
        (False, [h for h in there if h not in below]),
    ):
        for host in hosts:
            edge = ("from", host) if sends else (host, "to")
            before = graph.edges[edge]["capacity"] if graph.has_edge(*edge) else 0
            graph.add_edge(*edge, capacity=before + mbps)
    return int(nx.maximum_flow_value(graph, "from", "to"))


def excess(
    fleet: Doc, mbps: int, mine: list[tuple[str, bool]], theirs: list[tuple[str, bool]] | None
) -> int:
    """The measure, cut by cut; members are hosts, and whether they are new."""
    total = 0
    domains = {("host", h["name"]): {h["name"]} for h in fleet["hosts"]}
    for host in fleet["hosts"]:
        for domain in host["domains"].items():
            domains.setdefault(domain, set()).add(host["name"])
    parent: dict[str, str] = {}
    for host in fleet["hosts"]:
        zone, rack = host["domains"]["zone"], host["domains"]["rack"]
        parent |= {host["name"]: rack, rack: zone, zone: "core"}
    for (_, name), below in domains.items():
        # Of a tree, what leaves is the link to what is above.
        free = sum(
            max(0, link["bandwidth_mbps"] - link.get("used_mbps", 0))
            for link in fleet["links"]
            if set(link["between"]) == {name, parent[name]}
        )
        needs = []
        for every in (True, False):
            a = [host for host, new in mine if every or not new]
            if theirs is None:
                needs.append(flow(fleet, mbps, a, a, below))
            else:
                b = [host for host, new in theirs if every or not new]
                needs.append(flow(fleet, mbps, a, b, below) + flow(fleet, mbps, b, a, below))
        total += max(0, needs[0] - needs[1] - free)
    return total


def members(group: str, hosts: list[str], running: int) -> tuple[Doc, list[Doc], dict[str, str]]:
    size = {"resources": {"VCPU": 1}}
    existing = [
        {"group": group, "id": f"{group} old{i}", "host": host}
        for i, host in enumerate(hosts[:running])
    ]
    new = hosts[running:]
    found: Doc = {"name": group, "members": [{**size, "count": len(new)}] if new else []}
    return found, existing, {f"{group}/{i}": host for i, host in enumerate(new)}


@pytest.mark.parametrize("between", [False, True], ids=["among", "between"])
@pytest.mark.parametrize("seed", range(60))
def test_the_measure_is_what_maximum_flows_say_on_random_trees(seed: int, between: bool) -> None:
    rnd = Random(f"trees {seed}")
    fleet = tree(rnd)
    names = [host["name"] for host in fleet["hosts"]]
    few = rnd.sample(names, rnd.randint(1, 3))
    groups: list[Doc] = []
    existing: list[Doc] = []
    placement: dict[str, str] = {}
    assignments: dict[str, list[tuple[str, bool]]] = {}
    for group in ("A", "B")[: 1 + between]:
        hosts = [rnd.choice(few if rnd.randint(0, 1) else names) for _ in range(rnd.randint(1, 6))]
        running = rnd.randint(0, len(hosts)) if rnd.randint(0, 1) else 0
        doc, old, new = members(group, hosts, running)
        groups.append(doc)
        existing += old
        placement |= new
        assignments[group] = [(host, i >= running) for i, host in enumerate(hosts)]
    mbps = rnd.choice((10, 100))
    policy = {"kind": "bandwidth", "mbps": mbps} | ({"to": "B"} if between else {})
    wanted = excess(fleet, mbps, assignments["A"], assignments.get("B"))
    for weight in (None, 3):
        groups[0]["policies"] = [policy | ({"weight": weight} if weight else {})]
        app = Application.model_validate({"groups": groups, "existing": existing})
        verdict = check(app, Fleet.model_validate(fleet), placement, objective="cost")
        if weight:
            assert verdict.objective == weight * wanted
            assert sum(penalty.cost for penalty in verdict.penalties) == weight * wanted
        else:
            assert sum(v.measure for v in verdict.violations if v.policy == "bandwidth") == wanted


# Two racks of two hosts, 400 Mbit/s from each rack to the core.
RACKS: Doc = {
    "levels": ["rack"],
    "hosts": [
        {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": 4}}
        for i in range(4)
    ],
    "links": [{"between": [f"r{i}", "core"], "bandwidth_mbps": 400} for i in range(2)],
}


def app_of(*groups: Doc, count: int = 2, **more: Any) -> Application:
    sized = [{"resources": {"VCPU": 1}, "count": count}]
    return Application.model_validate(
        {"groups": [{"members": sized, **group} for group in groups], **more}
    )


def group(name: str, mbps: int, **more: Any) -> Doc:
    return {"name": name, "policies": [{"kind": "bandwidth", "mbps": mbps, **more}]}


def test_hard_policies_share_the_links_and_the_checker_says_so() -> None:
    app, fleet = app_of(group("A", 250), group("B", 250)), Fleet.model_validate(RACKS)
    apart = {"A/0": "h0", "A/1": "h2", "B/0": "h1", "B/1": "h3"}
    verdict = check(app, fleet, apart)
    # Each alone needs min(1, 1) x 250 of 400; both 500.
    assert [(v.group, v.policy, v.sentence, v.measure) for v in verdict.violations] == [
        (
            None,
            "capacity",
            f"the links that leave rack r{i} have 400 Mbit/s free; what is placed adds 500",
            100,
        )
        for i in range(2)
    ]
    assert not check(app, fleet, apart | {"B/1": "h0"}).violations
    spread = {"kind": "anti-affinity", "level": "rack"}
    both = [
        {"name": name, "policies": [spread, {"kind": "bandwidth", "mbps": 250}]} for name in "AB"
    ]
    assert solve(app_of(*both), fleet, limits=ONE).status == "infeasible"


def test_a_soft_policy_pays_for_each_mbit_and_says_where() -> None:
    spread = {"kind": "anti-affinity", "level": "rack"}
    soft = {"kind": "bandwidth", "mbps": 500, "weight": 2}
    app = app_of({"name": "A", "policies": [spread, soft]})
    result = solve(app, Fleet.model_validate(RACKS), objective="cost", limits=ONE)
    # min(1, 1) x 500 - 400 = 100 at each of two racks, at 2 a Mbit/s.
    assert (result.status, result.objective) == ("optimal", 400)
    (penalty,) = result.penalties
    assert "100 Mbit/s over on the links that leave rack r0" in penalty.detail


def test_members_that_run_need_what_they_need_and_new_ones_what_they_add() -> None:
    fleet = {**RACKS, "links": [{**link, "used_mbps": 300} for link in RACKS["links"]]}
    running = [
        {"group": "A", "id": f"old{i}", "host": host} for i, host in enumerate(("h0", "h1", "h2"))
    ]
    app = app_of(group("A", 100), count=1, existing=running)
    # Of three, min(2, 1) x 100 runs already, in the 300 that are used. A fourth in r1 makes it
    # min(2, 2) x 100, and 400 - 300 = 100 are free; in r0 it stays min(3, 1) x 100. With 200 a
    # member there is no room in r1.
    for host in ("h0", "h3"):
        assert not check(app, Fleet.model_validate(fleet), {"A/0": host}).violations
    dear = app_of(group("A", 200), count=1, existing=running)
    assert not check(dear, Fleet.model_validate(fleet), {"A/0": "h0"}).violations
    broken = check(dear, Fleet.model_validate(fleet), {"A/0": "h3"}).violations
    assert [v.policy for v in broken] == [
        "capacity",
        "capacity",
        "bandwidth",
    ]  # of both racks, and the policy


def test_a_fleet_without_bandwidths_bounds_nothing() -> None:
    silent = {
        **RACKS,
        "links": [{"between": ["r0", "core"]}, {"between": ["r0", "core"], "bandwidth_mbps": 0}],
    }
    for fleet in (silent, {**RACKS, "links": []}):
        apart = {"A/0": "h0", "A/1": "h2"}
        assert not check(app_of(group("A", 10**6)), Fleet.model_validate(fleet), apart).violations


@pytest.mark.parametrize("weight", [None, 1])
def test_amounts_that_leave_64_bits_are_refused(weight: int | None) -> None:
    soft = {} if weight is None else {"weight": weight}
    app, fleet = app_of(group("A", 2**60, **soft)), Fleet.model_validate(RACKS)
    with pytest.raises(BadInput) as checked:
        check(app, fleet, {})
    with pytest.raises(BadInput) as solved:
        solve(app, fleet)
    for caught in (checked, solved):
        assert {fault.code for fault in caught.value.faults} == {"amount-overflow"}


def test_links_of_any_size_are_taken_as_they_are() -> None:
    wide = {
        **RACKS,
        "links": [{"between": ["r0", "core"], "bandwidth_mbps": 2**63 - 1} for _ in range(9)],
    }
    compiled = compile_fleet(Fleet.model_validate(wide))
    assert compiled.index.free_mbps("rack", "r0") == 9 * (2**63 - 1)
    assert compiled.cut("rack").free.tolist() == [2**60, 0]  # more is as good as this
    assert compiled.cut("rack").bounded.tolist() == [True, False]
    compiled.reserve({("rack", "r0"): 2**62})
    assert compiled.cut("rack").free.tolist() == [2**60, 0]
    compiled.reserve({("rack", "r0"): 9 * (2**63 - 1) - 7})
    assert compiled.cut("rack").free.tolist() == [7, 0]
    assert solve(app_of(group("A", 10**6)), compiled, limits=ONE).status == "optimal"


def test_sums_of_links_carry_from_one_half_to_the_other() -> None:
    links = [{"between": ["r0", "core"], "bandwidth_mbps": 2**32 - 1} for _ in range(3)]
    compiled = compile_fleet(Fleet.model_validate({**RACKS, "links": links}))
    assert compiled.cut("rack").free.tolist() == [3 * (2**32 - 1), 0]


def test_the_other_group_is_named_by_its_field() -> None:
    assert Bandwidth(mbps=1, to="B").target == "B"
    with pytest.raises(BadInput) as related:
        check(app_of(group("A", 1, to="A"), {"name": "B"}), Fleet.model_validate(RACKS), {})
    assert [(fault.code, fault.path) for fault in related.value.faults] == [
        ("related-group", "groups[0].policies[0].to")
    ]
    with pytest.raises(ValidationError) as unknown:
        app_of(group("A", 1, to="C"), {"name": "B"})
    (fault,) = unknown.value.errors()[0]["ctx"]["faults"]
    assert (fault.code, fault.path) == ("unknown-group", "groups[0].policies[0].to")
