"""Previews of bandwidth: members that a policy did not count before are measured as new ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused

UP = [{"between": [f"r{i}", "spine"], "bandwidth_mbps": 1000} for i in range(2)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(*hosts(2, racks=2, vcpu=4), links=UP)
        yield world


def rate(mbps: int, **more: Any) -> dict[str, Any]:
    return {"kind": "bandwidth", "mbps": mbps, **more}


def change(asker: Asker, group: str, query: str, *policies: Any) -> Any:
    return asker("PATCH", f"~/groups/{group}{query}", {"group": {"policies": list(policies)}})


def test_a_rate_that_members_links_cannot_carry_is_told(admin: Asker) -> None:
    group = admin.id()
    admin.place(
        one(group, vcpu=3, count=2)
    )  # one a rack: min(1, 1) x mbps crosses each rack's link of 1,000
    preview = change(admin, group, "?preview=true", rate(1001)).get_json()["preview"]
    (broken,) = preview["violations"]
    assert (broken["policy"], broken["measure"], len(broken["members"])) == (
        "bandwidth",
        2,
        2,
    )  # 1 over, in each rack
    refused(change(admin, group, "?apply=if-clean", rate(1001)), "would-break", 409)
    assert change(admin, group, "?apply=if-clean", rate(1000)).status_code == 200
    # It is theirs from then on: another group finds nothing left.
    other = admin.id(policies=[rate(1), {"kind": "anti-affinity"}])
    refused(admin.ask(one(other, count=2)), "placement-infeasible", 409)


def test_rates_that_fit_one_by_one_and_not_together_are_told(admin: Asker) -> None:
    group, other = admin.id(), admin.id()
    admin.place(one(group, vcpu=3, count=2))  # one a rack
    admin.place(one(other))
    # Each rack sends 600 within the group, and 600 between the member in the other rack and the
    # single member.
    preview = change(admin, group, "?preview=true", rate(600), rate(600, to=other)).get_json()[
        "preview"
    ]
    assert [(one_["policy"], one_["measure"]) for one_ in preview["violations"]] == [
        ("bandwidth", 400)
    ] * 2
    assert change(admin, group, "?preview=true", rate(500), rate(500, to=other)).get_json()[
        "preview"
    ]["clean"]


def test_whom_a_group_takes_in_adds_what_it_sends(admin: Asker) -> None:
    group = admin.id(policies=[rate(600)])
    first, second = (admin.place(one(vcpu=3))["instances"][0]["id"] for _ in range(2))
    third = admin.place(one())["instances"][0]["id"]
    here = f"~/groups/{group}/adopt"
    assert (
        admin("POST", here, {"adopt": {"instances": [first, second]}}).status_code == 200
    )  # 600 of 1,000
    # Two on one host and one on the other: min(2, 1) x 600 still.
    assert admin("POST", here, {"adopt": {"instances": [third]}}).status_code == 200
    fourth = admin.place(one())["instances"][0]["id"]
    # Two on each: min(2, 2) x 600 = 1,200 of 1,000, 200 over in each rack.
    (broken,) = admin(
        "POST", f"{here}?preview=true", {"adopt": {"instances": [fourth]}}
    ).get_json()["preview"]["violations"]
    assert (broken["policy"], broken["measure"]) == ("bandwidth", 400)
