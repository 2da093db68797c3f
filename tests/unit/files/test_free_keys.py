"""What stands below a free key, ``metadata`` or ``x-...``, is nobody's business: it is kept as it is, nulls too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from groupsolver.constraints.registry import Application
from groupsolver.files import dump_yaml, parse_application, parse_fleet
from groupsolver.files.json_text import parse_json
from groupsolver.files.yaml_text import parse_yaml
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.value import Value
from groupsolver.store.entities import StoredGroup
from groupsolver.store.repositories import groups as stored
from groupsolver.store.repositories import hosts
from groupsolver.wire.bodies.core import FleetAnswer, GroupAnswer, PlacementRequest, plain
from groupsolver.wire.read import read_body
from groupsolver.wire.write import write_body
from tests.support.draws.bodies import JSON
from tests.support.draws.store_contents import policy, uid
from tests.support.drivers.api_driver import Asker
from tests.support.drivers.databases import opened

_QUIET = [*settings.get_profile("ci").suppress_health_check, HealthCheck.function_scoped_fixture]
KEYS = st.sampled_from(["metadata", "x-a", "x-", "x-a b", "x-kind"])
# What looks like a policy or an error of ours is none here.
OURS = {"kind": "affinity", "weight": None, "request_id": None}
LOOKS = [None, {"a": None}, [None], OURS, {"request_id": None, "conflict": None}, {}, []]
FREE = st.dictionaries(KEYS, JSON | st.sampled_from(LOOKS), min_size=1, max_size=2)
EVERY = example(free={"metadata": None, "x-a": {"kind": None, "x-b": [None, OURS]}})


def fleet(free: dict[str, Any]) -> dict[str, Any]:
    """A fleet with free keys in each place."""
    return {
        "levels": ["zone"],
        "hosts": [
            {"name": "h1", "inventory": {"VCPU": {"total": 4, "reserved": 1, **free}}, **free}
        ],
        "links": [{"between": ["h1", "spine"], "used_mbps": 1, **free}],
        **free,
    }


def application(free: dict[str, Any]) -> dict[str, Any]:
    """An application with free keys in each place."""
    sized = {"resources": {"VCPU": 1}, **free}
    rule = {"kind": "anti-affinity", "level": "zone", **free}
    group = {"name": "g", "policies": [rule], "members": [sized], **free}
    running = {"group": "g", "id": "old", "host": "h1", **sized}
    return {"flavors": {"f": sized}, "groups": [group], "existing": [running], **free}


# How many places have free keys: host, inventory, link, fleet; flavor, policy, members, group, existing, application.
DOCUMENTS: list[tuple[type[Value], Callable[[Any], Any], int]] = [
    (Fleet, fleet, 4),
    (Application, application, 6),
]
EACH = pytest.mark.parametrize(("model", "whole", "places"), DOCUMENTS)


def found(data: Any, keys: set[str]) -> Iterator[dict[str, Any]]:
    """Give what stands at free keys, place by place."""
    if isinstance(data, dict):
        if here := {key: inner for key, inner in data.items() if key in keys}:
            yield here
        for key, inner in data.items():
            if key not in keys:
                yield from found(inner, keys)
    elif isinstance(data, list):
        for inner in data:
            yield from found(inner, keys)


def kept(data: Any, free: dict[str, Any], places: int) -> bool:
    """Whether free keys stand in so many places, each as it was, 1 and 1.0 and true being different things."""
    there = [json.dumps(here, sort_keys=True) for here in found(data, set(free))]
    return there == [json.dumps(free, sort_keys=True)] * places


@EACH
@given(free=FREE)
@EVERY
def test_a_document_keeps_it(
    model: type[Value], whole: Callable[[Any], Any], places: int, free: dict[str, Any]
) -> None:
    value = model.model_validate(whole(free))
    assert kept(value.document(), free, places)
    assert model.model_validate(value.document()) == value


@EACH
@given(free=FREE)
@EVERY
def test_files_keep_it(
    model: type[Value], whole: Callable[[Any], Any], places: int, free: dict[str, Any]
) -> None:
    parse = parse_fleet if model is Fleet else parse_application
    value: Value = parse(parse_json(json.dumps(whole(free))))
    assert kept(value.document(), free, places)
    again: Value = parse(parse_yaml(dump_yaml(value.document())))
    assert again == value
    assert kept(again.document(), free, places)


def test_fields_that_are_null_are_left_out_beside_it() -> None:
    host = Host.model_validate(
        {"name": "h", "inventory": {"VCPU": {"total": 1, "x-a": None}}, "metadata": None}
    )
    assert host.document()["inventory"] == {
        "VCPU": {"total": 1, "reserved": 0, "allocation_ratio": 1.0, "x-a": None}
    }  # no max_unit
    rule = policy({"kind": "affinity", "x-a": {"weight": None}})
    assert rule.document() == {
        "kind": "affinity",
        "level": "host",
        "x-a": {"weight": None},
    }  # no weight


@settings(max_examples=8, suppress_health_check=_QUIET)
@given(free=FREE)
@EVERY
def test_the_store_keeps_it_of_hosts_links_and_policies(
    new_database: Callable[[], str], free: dict[str, Any]
) -> None:
    asked = fleet(free)
    del asked["hosts"][0]["inventory"]["VCPU"]["reserved"]
    loaded = Fleet.model_validate(asked)
    group = StoredGroup(
        uid(1),
        "t",
        "u",
        policies=(policy({"kind": "spread", "level": "zone", "max_skew": 1, **free}),),
    )
    with opened(new_database()) as store:
        with store.write() as tx:
            hosts.load_fleet(tx, loaded)
            stored.add_group(tx, group)
        with store.write() as tx:
            hosts.put_host(tx, loaded.hosts[0])
        with store.read() as session:
            there = hosts.read_fleet(session)
            rules = stored.find_group(session, uid(1), "t", 0.0).policies
    assert kept(
        [one.document() for one in (*there.hosts, *there.links)], free, 3
    )  # host, inventory, link
    assert kept([rule.document() for rule in rules], free, 1)


@pytest.mark.parametrize("kind", ["json", "xml"])
@given(free=FREE)
@EVERY
def test_bodies_keep_it(kind: Any, free: dict[str, Any]) -> None:
    def through(model: type[Value], data: Any, root: str | None = None) -> Any:
        body = write_body(kind, plain(model.model_validate(data)), model, root=root)
        return plain(read_body(kind, body, model, root=root))

    assert kept(through(FleetAnswer, fleet(free), "fleet"), free, 4)
    assert kept(through(Host, fleet(free)["hosts"][0], "host"), free, 2)
    sized = {"resources": {"VCPU": 1}, "hints": free, **free}
    asked = {"flavors": {"f": {"resources": {"VCPU": 1}, **free}}, "instances": [sized], **free}
    # Of the flavor, the instance, its hints, and the placement.
    assert kept(through(PlacementRequest, {"placement": asked}), free, 4)
    names = {
        key: inner for key, inner in free.items() if key != "metadata"
    }  # which has a meaning there
    rules = [{"kind": "affinity", **names}]
    group = {
        "id": uid(1),
        "name": None,
        "tenant_id": "t",
        "policies": rules,
        "metadata": None,
        "groups": [],
    }
    answer = through(GroupAnswer, {"group": {**group, "members": []}})
    assert kept(answer["group"]["policies"], names, 1 if names else 0)
    assert answer["group"].items() >= {"name": None, "metadata": None}.items()


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_a_server_keeps_it(admin: Asker, accept: str) -> None:
    free = {"metadata": {"owner": None}, "x-a": [None, OURS]}
    admin.load({"name": "h/1", "inventory": {"VCPU": 4}, **free})
    host = admin("GET", "/v1.0/fleet/hosts/h/1", Accept=accept)
    kind: Any = accept.rpartition("/")[2]
    assert kept(plain(read_body(kind, host.data, Host, root="host")), free, 1)
    group = admin.group(policies=[{"kind": "anti-affinity", **free}])
    assert group["policies"] == [
        {"kind": "anti-affinity", "level": "host", "max_per_domain": 1, **free}
    ]


def test_a_change_of_the_name_alone_does_not_touch_policies_with_it(admin: Asker) -> None:
    group = admin.group(policies=[{"kind": "anti-affinity", "x-a": None}])
    admin.place({"resources": {"VCPU": 1}, "hints": {"group": group["id"]}})
    # Policies are fixed while the group has members: 409, were the null taken for a change.
    changed = admin("PATCH", f"~/groups/{group['id']}", {"group": {"name": "new"}})
    assert changed.status_code == 200, changed.text
    assert changed.get_json()["group"]["policies"] == group["policies"]
