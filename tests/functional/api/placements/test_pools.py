"""Pools over HTTP: projects share what is free, and a host may not have a class twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import Asker, World, opened, refused

FLEET: dict[str, Any] = {
    "levels": ["rack"],
    "hosts": [
        {"name": "a", "domains": {"rack": "r1"}, "inventory": {"VCPU": 8}},
        {"name": "b", "inventory": {"VCPU": 8}, "traits": ["GPU"], "reserved_for": ["GPU"]},
    ],
    "pools": [
        {
            "name": "ceph",
            "inventory": {"DISK_GB": 100},
            "used": {"DISK_GB": 10},
            "hosts": ["b"],
            "domains": {"rack": ["r1"]},
        }
    ],
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        yield world


def body(disk: int) -> dict[str, Any]:
    instance = {"resources": {"VCPU": 1, "DISK_GB": disk}}
    return {"placement": {"instances": [instance]}}  # on a: b is reserved


def test_pools_and_reservations_come_back_as_they_were_put_in_json_and_xml(admin: Asker) -> None:
    assert admin("PUT", "/v1.0/fleet", FLEET).status_code == 204
    found = admin("GET", "/v1.0/fleet").get_json()
    (pool,) = found["pools"]
    assert (pool["domains"], pool["used"]) == ({"rack": ["r1"]}, {"DISK_GB": 10})
    assert found["hosts"][1]["reserved_for"] == ["GPU"]
    xml = admin("GET", "/v1.0/fleet", Accept="application/xml").data
    assert b"<pool>" in xml
    assert b"<reserved_for>" in xml
    answer = admin("PUT", "/v1.0/fleet", xml, Content_Type="application/xml")
    assert answer.status_code == 204
    assert admin("GET", "/v1.0/fleet").get_json() == found


def test_all_projects_take_from_one_pool_and_what_is_removed_is_free_again(
    world: World, admin: Asker
) -> None:
    assert admin("PUT", "/v1.0/fleet", FLEET).status_code == 204
    first = admin("POST", "/v1.0/blue/placements", body(60))
    assert first.status_code == 201  # 10 + 60 of 100
    refused(admin("POST", "/v1.0/green/placements", body(40)), "placement-infeasible", 409)
    assert admin("POST", "/v1.0/green/placements", body(30)).status_code == 201
    (instance,) = first.get_json()["placement"]["instances"]
    assert admin("DELETE", f"/v1.0/blue/instances/{instance['id']}").status_code == 204
    assert admin("POST", "/v1.0/green/placements", body(60)).status_code == 201


def test_a_host_that_would_have_a_class_twice_is_refused(admin: Asker) -> None:
    assert admin("PUT", "/v1.0/fleet", FLEET).status_code == 204
    twice = {"name": "b", "inventory": {"DISK_GB": 5}}
    refused(admin("PUT", "/v1.0/fleet/hosts/b", twice), "wrong-value", 400)
