"""NUMA cells over HTTP: fleets in JSON and XML, and who is told in which cell an instance runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.drivers.api_driver import Asker, World, one, opened, refused

HOST = "/v1.0/fleet/hosts/n"
NUMA: dict[str, Any] = {
    "name": "n",
    "inventory": {"DISK_GB": 100},
    "cells": [
        {"inventory": {"VCPU": 4}, "used": {"VCPU": 1}},
        {"name": "b", "inventory": {"VCPU": {"total": 4, "max_unit": 3}}},
    ],
}
XML = """<host><name>n</name>
<inventory><DISK_GB>100</DISK_GB></inventory>
<cells>
  <cell><inventory><VCPU>4</VCPU></inventory><used><VCPU>1</VCPU></used></cell>
  <cell><name>b</name><inventory><VCPU><total>4</total><max_unit>3</max_unit></VCPU></inventory></cell>
</cells></host>"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        yield world


def test_cells_that_were_put_are_given_back_in_json_and_xml(admin: Asker) -> None:
    admin.load(NUMA, levels=())
    (host,) = admin("GET", "/v1.0/fleet").get_json()["hosts"]
    assert host["cells"] == [
        {
            "inventory": {"VCPU": {"total": 4, "reserved": 0, "allocation_ratio": 1.0}},
            "used": {"VCPU": 1},
        },
        {
            "name": "b",
            "inventory": {
                "VCPU": {"total": 4, "reserved": 0, "allocation_ratio": 1.0, "max_unit": 3}
            },
            "used": {},
        },
    ]
    tag = admin("GET", HOST).headers["ETag"]
    assert admin("PUT", "/v1.0/fleet", {"hosts": [host]}).status_code == 204
    assert admin("PUT", HOST, XML.encode(), Content_Type="application/xml").status_code == 200
    xml = admin("GET", HOST, Accept="application/xml").data
    assert b"<cells><cell>" in xml.replace(b"\n", b"").replace(b" ", b"")
    assert admin("PUT", HOST, xml, Content_Type="application/xml").status_code == 200
    assert admin("GET", HOST).get_json() == host
    assert admin("PUT", "/v1.0/fleet", {"hosts": [host]}).status_code == 204
    assert admin("GET", HOST).get_json() == host
    assert tag


def test_hosts_without_cells_say_nothing_of_any(admin: Asker) -> None:
    admin.load({"name": "p", "inventory": {"VCPU": 4}}, levels=())
    assert "cells" not in admin("GET", "/v1.0/fleet").get_json()["hosts"][0]
    placed = admin.place(one(vcpu=1))
    assert "cell" not in placed["instances"][0]
    assert "cell" not in admin.get("~/instances", "instances")[0]


def test_the_cell_is_told_with_the_host_and_to_nobody_else(admin: Asker, member: Asker) -> None:
    admin.load(NUMA, levels=())
    placed = member.place(one(vcpu=2), one(vcpu=3))
    assert [(i["host"], "cell" in i) for i in placed["instances"]] == [(None, False)] * 2
    for instance in member.get("~/instances", "instances"):
        assert "cell" not in instance
    instances = admin.get("~/instances", "instances")
    # 3 are free in each: 2 and 3 go into different cells.
    assert sorted(i["cell"] for i in instances) == ["0", "b"]
    shown = admin(
        "GET", f"~/instances/{instances[0]['id']}", Accept="application/xml"
    ).data.decode()
    assert f"<cell>{instances[0]['cell']}</cell>" in shown.replace("\n", "")
    by_admin = admin.place(one(vcpu=1), key="again")["instances"][0]
    assert by_admin["cell"] in {"0", "b"}
    assert admin.place(one(vcpu=1), key="again")["instances"][0] == by_admin


def test_what_no_cell_holds_is_infeasible_though_the_host_has_it_in_all(
    admin: Asker, member: Asker
) -> None:
    admin.load(NUMA, levels=())
    refused(
        member.ask(one(vcpu=4)), "placement-infeasible", 409
    )  # 3 free in one, 3 at most a member in the other
    first = member.place(one(vcpu=3))["instances"][0]
    second = member.place(one(vcpu=3))["instances"][0]
    refused(member.ask(one(vcpu=2)), "placement-infeasible", 409)
    assert member("DELETE", f"~/instances/{second['id']}").status_code == 204
    member.place(one(vcpu=3))
    assert first["hostId"] == second["hostId"]
    refused(member.ask(one(vcpu=2)), "placement-infeasible", 409)


def test_many_at_once_overfill_no_cell(admin: Asker, member: Asker, world: World) -> None:
    admin.load(NUMA, levels=())
    codes: list[int] = []

    def run() -> None:
        codes.append(world.asker("demo", "member").ask(one(vcpu=2)).status_code)

    threads = [Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    # 3 free in one cell, 4 in the other: one of 2 VCPU here, two there.
    assert codes.count(201) <= 3
    assert set(codes) <= {201, 409, 503}
    taken = [i["cell"] for i in admin.get("~/instances", "instances")]
    assert taken.count("0") <= 1
    assert taken.count("b") <= 2
    for _ in range(3 - len(taken)):
        member.place(one(vcpu=2))
    refused(member.ask(one(vcpu=2)), "placement-infeasible", 409)


@pytest.mark.parametrize(
    ("cells", "code", "path"),
    [
        ([{"name": "a"}, {"name": "a"}], "duplicate-name", "cells"),
        ([{"inventory": {"DISK_GB": 1}}], "wrong-value", "cells"),
        ([{"inventory": {"VCPU": -1}}], "out-of-range", "cells[0].inventory.VCPU"),
        ([{}] * 65, "out-of-range", "cells"),
        ([{"cell": {}}], "unknown-key", "cells[0].cell"),
        ("0", "wrong-type", "cells"),
        ([None], "wrong-type", "cells[0]"),
        ([[]], "wrong-type", "cells[0]"),
        ({"cell": {}}, "wrong-type", "cells"),
    ],
)
def test_cells_that_are_none_are_refused(admin: Asker, cells: Any, code: str, path: str) -> None:
    error = refused(admin("PUT", HOST, NUMA | {"cells": cells}), code, 400)
    assert error["detail"].startswith(path), error
    error = refused(admin("PUT", "/v1.0/fleet", {"hosts": [NUMA | {"cells": cells}]}), code, 400)
    assert error["detail"].startswith(f"hosts[0].{path}"), error


@pytest.mark.parametrize(
    "cells",
    [
        "<cells>0</cells>",
        "<cells><cell/></cells>",
        "<cells><cells/></cells>",
        "<cells><cell><name/></cell></cells>",
    ],
)
def test_odd_xml_for_cells_is_answered_400(admin: Asker, cells: str) -> None:
    body = f"<host><name>n</name>{cells}</host>".encode()
    assert admin("PUT", HOST, body, Content_Type="application/xml").status_code == 400
