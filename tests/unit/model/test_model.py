"""The values of the model: capacity, the topology graph, nesting, members' ids, free keys."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from groupsolver import Application, BadInput, Fleet, Host, Inventory, Limits, solve, topology
from groupsolver.files import parse_application, parse_fleet
from groupsolver.model.application import member_ids
from groupsolver.model.nesting import above_of, below_of, cycle_in
from tests.support.documents import APP, FLEET
from tests.support.faults import fault, faults


@pytest.mark.parametrize(
    ("inventory", "capacity"),
    [
        ({"total": 100, "allocation_ratio": 0.29}, 29),  # in binary 28.999...
        ({"total": 10, "allocation_ratio": 1.1}, 11),
        ({"total": 3, "allocation_ratio": 1.1}, 3),  # 3.3
        ({"total": 64, "reserved": 2, "allocation_ratio": 4.0}, 248),  # 62 x 4
        ({"total": 7, "reserved": 4, "allocation_ratio": 0.5}, 1),  # 1.5
        ({"total": 4, "reserved": 4}, 0),
        ({"total": 0, "allocation_ratio": 16.0}, 0),
        ({"total": 2**63 - 1}, 2**63 - 1),
        ({"total": 2**62 - 1, "allocation_ratio": 2.0}, 2**63 - 2),
        ({"total": 2**60 + 1, "allocation_ratio": 1.5}, 3 * 2**59 + 1),  # a float would lose the 1
        ({"total": 10**18, "allocation_ratio": 1e-18}, 1),
    ],
)
def test_capacity_is_the_floor_of_what_is_left_times_the_ratio_as_it_is_written(
    inventory: dict[str, Any], capacity: int
) -> None:
    assert Inventory.model_validate(inventory).capacity == capacity


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.decimals("0.001", "64", places=3))
def test_capacity_is_the_floor_for_any_ratio_in_decimals(one: int, other: int, ratio: Any) -> None:
    total, reserved = max(one, other), min(one, other)
    found = Inventory(total=total, reserved=reserved, allocation_ratio=float(ratio)).capacity
    exact = (total - reserved) * Fraction(str(ratio))
    assert found == exact.numerator // exact.denominator


@pytest.mark.parametrize(
    ("inventory", "code", "path"),
    [
        ({"total": 4, "reserved": 5}, "out-of-range", ""),
        ({"total": 4, "allocation_ratio": 0.0}, "out-of-range", ".allocation_ratio"),
        ({"total": 4, "allocation_ratio": -1.5}, "out-of-range", ".allocation_ratio"),
        ({"total": 4, "allocation_ratio": float("inf")}, "not-finite", ".allocation_ratio"),
        ({"total": 4, "allocation_ratio": float("nan")}, "not-finite", ".allocation_ratio"),
        ({"total": 2**62, "allocation_ratio": 2.0}, "amount-overflow", ""),
        ({"total": 4, "max_unit": 0}, "out-of-range", ".max_unit"),
    ],
)
def test_an_inventory_that_makes_no_sense_is_refused(
    inventory: dict[str, Any], code: str, path: str
) -> None:
    document = {"hosts": [{"name": "h1", "inventory": {"VCPU": inventory}}]}
    found_code, found_path, _ = fault(parse_fleet, document)
    assert found_path == "hosts[0].inventory.VCPU" + path
    assert found_code in (code, "out-of-range")


def test_the_graph_has_hosts_domains_links_and_switches() -> None:
    hosts: list[dict[str, Any]] = [
        {"name": "h1", "domains": {"zone": "z1", "rack": "r01"}},
        {
            "name": "h2",
            "domains": {"zone": "z2", "rack": "r01"},
        },  # under two zones, and yet one rack
        {"name": "h3", "domains": {"zone": "r02"}},  # a zone of that name, and in no rack
    ]
    links = [
        {"between": ["r01", "spine"], "bandwidth_mbps": 40000, "used_mbps": 1200, "latency_us": 5},
        {"between": ["spine", "r01"], "bandwidth_mbps": 10000},  # parallel to the first
        {"between": ["h3", "spine"]},
    ]
    graph = topology(
        Fleet.model_validate({"levels": ["zone", "rack"], "hosts": hosts, "links": links})
    )
    kinds = {node: data["kind"] for node, data in graph.nodes(data=True)}
    assert kinds == {
        **{("host", name): "host" for name in ("h1", "h2", "h3")},
        **dict.fromkeys(
            (("zone", "z1"), ("zone", "z2"), ("zone", "r02"), ("rack", "r01")), "domain"
        ),
        ("switch", "spine"): "switch",
    }
    edges = list(graph.edges(data=True))
    contains = {frozenset((one, other)) for one, other, data in edges if data["kind"] == "contains"}
    assert contains == {
        frozenset((("host", host["name"]), (level, domain)))
        for host in hosts
        for level, domain in host["domains"].items()
    }
    cables = [
        ({one, other}, data["bandwidth_mbps"], data["used_mbps"], data["latency_us"])
        for one, other, data in edges
        if data["kind"] == "link"
    ]
    rack = {("rack", "r01"), ("switch", "spine")}
    assert sorted(cables, key=lambda cable: str(cable[1:])) == [
        (rack, 10000, 0, None),
        (rack, 40000, 1200, 5),
        ({("host", "h3"), ("switch", "spine")}, None, 0, None),
    ]
    assert len(edges) == 5 + 3
    assert graph.graph["levels"] == ("zone", "rack")


@pytest.mark.parametrize("end", ["a", "h1"])
def test_a_link_to_a_name_of_two_levels_is_refused(end: str) -> None:
    hosts = [
        {"name": "h1", "domains": {"zone": "a", "rack": "b"}},
        {"name": "h2", "domains": {"zone": "h1", "rack": "a"}},
    ]
    document: dict[str, Any] = {"levels": ["zone", "rack"], "hosts": hosts}
    parse_fleet(document)  # two domains of one name are no fault by themselves
    code, path, message = fault(parse_fleet, document | {"links": [{"between": ["b", end]}]})
    assert (code, path) == ("ambiguous-name", "links[0].between[1]")
    assert f"{end!r} is known at two levels" in message


def groups(**below: list[str]) -> list[Any]:
    return [{"name": name, "groups": inner} for name, inner in below.items()]


@pytest.mark.parametrize(
    ("below", "path", "cycle"),
    [
        ({"A": ["A"]}, "groups[0].groups", "A > A"),
        ({"A": ["B"], "B": ["C"], "C": ["A"]}, "groups[0].groups", "A > B > C > A"),
        ({"top": ["B"], "B": ["C"], "C": ["B"]}, "groups[1].groups", "B > C > B"),
        ({"A": ["X", "B"], "X": [], "B": ["X", "A"]}, "groups[0].groups", "A > B > A"),
    ],
)
def test_a_cycle_of_groups_is_told_with_its_way(
    below: dict[str, list[str]], path: str, cycle: str
) -> None:
    members = {"name": "M", "members": [{"resources": {"VCPU": 1}}]}
    code, found, message = fault(parse_application, {"groups": [*groups(**below), members]})
    assert (code, found) == ("nested-in-itself", path)
    assert message.endswith(": " + cycle)


def test_several_parents_are_no_cycle_and_depth_is_no_limit() -> None:
    diamond = Application.model_validate(
        {
            "groups": [
                *groups(R=["P", "Q"], P=["A"], Q=["A"]),
                {"name": "A", "members": [{"resources": {"VCPU": 1}}]},
            ]
        }
    )
    assert cycle_in(diamond.groups) == []
    below = below_of(diamond.groups)
    assert below == {
        "R": {"R", "P", "Q", "A"},
        "P": {"P", "A"},
        "Q": {"Q", "A"},
        "A": {"A"},
    }
    assert above_of(below)["A"] == {"A", "P", "Q", "R"}
    chain = groups(**{f"g{i}": [f"g{i + 1}"] for i in range(2000)}) + groups(g2000=[])
    deep = {"groups": [*chain, {"name": "M", "members": [{"resources": {"VCPU": 1}}]}]}
    assert len(below_of(Application.model_validate(deep).groups)["g1000"]) == 1001
    deep["groups"][2000]["groups"] = ["g0"]
    assert fault(parse_application, deep)[0] == "nested-in-itself"


def ids(*members: dict[str, Any]) -> list[str]:
    group = {"name": "A", "members": [{"resources": {"VCPU": 1}, **part} for part in members]}
    (value,) = Application.model_validate({"groups": [group]}).groups
    return [id_ for id_, _ in member_ids(value)]


def test_a_member_is_called_by_its_place_in_the_group_unless_it_has_an_id() -> None:
    assert ids({"count": 2}, {"count": 1}) == ["A/0", "A/1", "A/2"]
    assert ids({"id": "first"}, {"count": 2}) == ["first", "A/1", "A/2"]
    assert ids({"count": 1}, {"id": "a/b c"}) == ["A/0", "a/b c"]


@pytest.mark.parametrize(
    "members", [[{"id": "x"}, {"id": "x"}], [{"id": "A/1"}, {}], [{}, {"id": "A/0"}]]
)
def test_two_members_of_one_id_are_refused(members: list[dict[str, Any]]) -> None:
    group = {"name": "A", "members": [{"resources": {"VCPU": 1}, **part} for part in members]}
    code, path, message = fault(parse_application, {"groups": [group]})
    assert (code, path) == ("duplicate-name", "groups[0].members")
    assert "is given twice" in message


ONE = {"name": "A", "members": [{"resources": {"VCPU": 1}, "count": 2}]}
OTHER: dict[str, Any] = {"name": "B", "members": [{"resources": {"VCPU": 1}}]}


def test_an_id_of_another_groups_member_or_given_twice_is_refused() -> None:
    assert fault(
        parse_application,
        {"groups": [ONE, {"name": "B", "members": [{**OTHER["members"][0], "id": "A/0"}]}]},
    )[:2] == ("duplicate-name", "groups[1].members")
    there = {"group": "B", "id": "A/0", "host": "h1"}
    code, path, message = fault(parse_application, {"groups": [ONE, OTHER], "existing": [there]})
    assert (code, path, message) == (
        "duplicate-name",
        "existing[0].id",
        "member id 'A/0' belongs to group 'A'",
    )
    twice = [{"group": "A", "id": "old", "host": "h1"}, {"group": "B", "id": "old", "host": "h1"}]
    found = faults(parse_application, {"groups": [ONE, OTHER], "existing": twice})
    assert [(one.code, one.path) for one in found] == [("duplicate-name", "existing[1].id")]


def test_an_existing_member_of_the_file_is_that_member_and_any_other_is_one_more() -> None:
    hosts = [
        {"name": name, "inventory": {"VCPU": 4}, "used": {"VCPU": 1}} for name in ("h1", "h2", "h3")
    ]
    fleet = Fleet.model_validate({"hosts": hosts})
    apart = {**ONE, "policies": ["anti-affinity"]}

    def placement(*existing: tuple[str, str]) -> dict[str, str] | None:
        running = [{"group": "A", "id": id_, "host": host} for id_, host in existing]
        app = Application.model_validate({"groups": [apart], "existing": running})
        return solve(app, fleet, limits=Limits(workers=1)).placement

    assert placement(("A/0", "h1"), ("A/1", "h2")) == {}
    assert (placement(("A/1", "h2")) or {}).keys() == {"A/0"}
    assert (placement(("old", "h1")) or {}).keys() == {"A/0", "A/1"}
    assert set((placement(("old", "h1")) or {}).values()) == {"h2", "h3"}
    assert placement(("old", "h1"), ("older", "h2")) is None  # three hosts, four members


def test_free_keys_are_kept_wherever_they_stand_and_other_keys_refused() -> None:
    for parse, document in ((parse_fleet, FLEET), (parse_application, APP)):
        marked = _marked(document)
        value = parse(marked)
        assert value.document() == parse(value.document()).document()
        assert _count(value.document()) == _count(marked) > 5
    (one, other) = faults(parse_fleet, {"hosts": [{"name": "h1", "y-note": 1, "X-note": 2}]})
    assert {one.code, other.code} == {"unknown-key"}


OPEN = (
    "flavors",
    "resources",
    "domains",
    "inventory",
    "used",
    "minimum",
    "metadata",
)  # their keys are names


def _marked(data: Any, key: str = "") -> Any:
    """Put a free key into every object of a document."""
    if isinstance(data, list):
        return [_marked(item) for item in data]
    if not isinstance(data, dict):
        return data
    marked = {
        name: value if name.startswith("x-") else _marked(value, name)
        for name, value in data.items()
    }
    return marked if key in OPEN else marked | {"x-mark": ["kept"]}


def _count(data: Any) -> int:
    if isinstance(data, list):
        return sum(map(_count, data))
    return sum(map(_count, data.values())) + ("x-mark" in data) if isinstance(data, dict) else 0


def test_a_value_is_never_changed() -> None:
    host = Host.model_validate({"name": "h1", "inventory": {"VCPU": 4}})
    with pytest.raises(ValidationError, match="frozen"):
        host.name = "h2"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        host.inventory["VCPU"].total = 5  # type: ignore[misc]
    assert Fleet(hosts=(host,)) == Fleet.model_validate(
        {"hosts": [{"name": "h1", "inventory": {"VCPU": 4}}]}
    )


def test_values_that_do_not_fit_raise_the_errors_of_the_library_when_read() -> None:
    with pytest.raises(BadInput):
        parse_fleet({"hosts": []})
