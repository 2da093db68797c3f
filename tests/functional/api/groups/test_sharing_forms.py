"""Nested groups, grants, adoption and previews: the same in JSON and in XML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groupsolver.wire.bodies import grants
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.groups import GroupAnswer, GroupRequest, GroupsAnswer
from groupsolver.wire.bodies.instances import InstancesAnswer
from groupsolver.wire.bodies.placements import PlacementAnswer, PlacementRequest
from tests.functional.api.http.test_forms import KINDS, Speaker
from tests.support.drivers.api_driver import UNKNOWN, World, hosts, one, opened


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("demo", "admin").load(*hosts())
        yield world


@pytest.fixture(params=KINDS)
def ask(request: pytest.FixtureRequest, world: World) -> Speaker:
    return Speaker(world.asker("demo", "admin"), request.param)


def make(ask: Speaker, **fields: Any) -> dict[str, Any]:
    made = ask("POST", "~/groups", 201, GroupAnswer, {"group": fields}, GroupRequest)
    return dict(made["group"])


def place(ask: Speaker, *instances: dict[str, Any]) -> list[str]:
    body = {"placement": {"instances": list(instances)}}
    placed = ask("POST", "~/placements", 201, PlacementAnswer, body, PlacementRequest)
    return [instance["id"] for instance in placed["placement"]["instances"]]


def failed(
    ask: Speaker, method: str, path: str, status: int, body: Any = None, takes: Any = None
) -> dict[str, Any]:
    errors = ask(method, path, status, ErrorsAnswer, body, takes)["errors"]
    assert len(errors) == 1
    return dict(errors[0])


def test_groups_of_groups(ask: Speaker) -> None:
    first, second = make(ask, name="shard 0"), make(ask, name="shard 1")
    between = {"kind": "anti-affinity", "level": "rack", "between": "children"}
    top = make(ask, name="replica", groups=[first["id"], second["id"]], policies=[between])
    assert top["groups"] == [first["id"], second["id"]]
    assert top["policies"][0]["between"] == "children"
    here = f"~/groups/{top['id']}"
    assert ask("GET", here, 200, GroupAnswer) == {"group": top}
    for method in ("UPDATE", "PUT", "PATCH"):
        for groups in ([second["id"]], [], [first["id"], second["id"]]):
            change = {"group": {"groups": groups}}
            answer = ask(method, here, 200, GroupAnswer, change, GroupRequest)
            assert answer["group"] == {**top, "groups": groups}
    # The path along which it would turn back.
    change = {"group": {"groups": [top["id"]]}}
    error = failed(ask, "PATCH", f"~/groups/{first['id']}", 400, change, GroupRequest)
    assert error["code"] == "nested-in-itself"
    assert f"{first['id']} > {top['id']} > {first['id']}" in error["detail"]
    # Each shard a rack of its own.
    body = [one(shard["id"], count=2) for shard in (first, second)]
    place(ask, *body)
    shown = ask("GET", "~/instances", 200, InstancesAnswer)["instances"]
    racks = {instance["group"]: int(instance["host"][1:]) % 3 for instance in shown}
    assert len(set(racks.values())) == 2
    error = failed(ask, "DELETE", f"~/groups/{first['id']}?force=true", 409)
    assert error["code"] == "group-in-use"
    ask("DELETE", here, 204, None)  # its children stay
    assert ask("GET", f"~/groups/{first['id']}", 200, GroupAnswer)["group"]["members"]


def test_grants(world: World, ask: Speaker) -> None:
    group = make(ask, name="shared", metadata={"a": "b"})
    here, body = f"~/groups/{group['id']}", {"grant": {"tenant_id": "guest"}}
    grants_path = f"{here}/grants"
    assert ask("GET", grants_path, 200, grants.GrantsAnswer) == {"grants": []}
    made = ask("POST", grants_path, 201, grants.GrantAnswer, body, grants.GrantRequest)
    assert made == {
        "grant": {
            "group_id": group["id"],
            "tenant_id": "guest",
            "created_at": "2027-01-15T08:00:00Z",
        }
    }
    assert ask("POST", grants_path, 200, grants.GrantAnswer, body, grants.GrantRequest) == made
    assert ask("GET", grants_path, 200, grants.GrantsAnswer) == {"grants": [made["grant"]]}
    guest = Speaker(world.asker("guest", "member"), ask.kind)
    place(guest, one(group["id"], count=2))
    shown = ask("GET", here, 200, GroupAnswer)
    assert shown == {"group": {**group, "other_members": 2}}
    assert ask("PUT", here, 200, GroupAnswer, shown, GroupRequest) == shown
    theirs = guest("GET", here, 200, GroupAnswer)["group"]
    assert (theirs["metadata"], len(theirs["members"]), theirs["other_members"]) == (None, 2, 0)
    assert guest("GET", "~/groups?granted=true", 200, GroupsAnswer) == {"groups": [theirs]}
    assert failed(guest, "DELETE", here, 404)["code"] == "group-not-found"
    assert (
        failed(guest, "POST", grants_path, 404, body, grants.GrantRequest)["code"]
        == "group-not-found"
    )
    wrong = {"grant": {"tenant_id": "demo"}}
    assert (
        failed(ask, "POST", grants_path, 400, wrong, grants.GrantRequest)["code"] == "wrong-value"
    )
    ask("DELETE", f"{grants_path}/guest", 204, None)
    assert failed(ask, "DELETE", f"{grants_path}/guest", 404)["code"] == "grant-not-found"
    assert failed(guest, "GET", here, 404)["code"] == "group-not-found"


def test_adoption_and_previews(ask: Speaker) -> None:
    group = make(ask, name="web", policies=["anti-affinity"])
    ids = place(ask, one(count=2))
    here, body = f"~/groups/{group['id']}", {"adopt": {"instances": ids}}
    broken = {
        "group": group["id"],
        "policy": "anti-affinity",
        "sentence": "no host holds more than 1 member of web",
        "measure": 1,
        "members": ids,
        "other_members": 0,
    }
    looked = ask(
        "POST", f"{here}/adopt?preview=true", 200, grants.PreviewAnswer, body, grants.AdoptRequest
    )
    assert looked == {"preview": {"clean": False, "violations": [broken]}}
    error = failed(ask, "POST", f"{here}/adopt", 409, body, grants.AdoptRequest)
    assert (error["code"], error["preview"]) == ("would-break", looked["preview"])
    lone = {"adopt": {"instances": ids[:1]}}
    done = ask("POST", f"{here}/adopt", 200, GroupAnswer, lone, grants.AdoptRequest)
    assert done["group"]["members"] == ids[:1]
    done = ask("POST", f"{here}/adopt?force=true", 200, GroupAnswer, body, grants.AdoptRequest)
    assert done["group"] == {**group, "members": ids}
    left = {"release": {"instances": ids[:1]}}
    done = ask("POST", f"{here}/release", 200, GroupAnswer, left, grants.ReleaseRequest)
    assert done["group"] == {**group, "members": ids[1:]}
    ask("POST", f"{here}/adopt?force=true", 200, GroupAnswer, body, grants.AdoptRequest)
    unknown = {"adopt": {"instances": [UNKNOWN]}}
    assert (
        failed(ask, "POST", f"{here}/adopt", 404, unknown, grants.AdoptRequest)["code"]
        == "instance-not-found"
    )
    for method in ("UPDATE", "PUT", "PATCH"):
        change = {"group": {"policies": [{"kind": "anti-affinity", "level": "rack"}]}}
        looked = ask(
            method, f"{here}?preview=true", 200, grants.PreviewAnswer, change, GroupRequest
        )
        assert looked["preview"]["violations"][0]["members"] == ids
        error = failed(ask, method, f"{here}?apply=if-clean", 409, change, GroupRequest)
        assert error["preview"] == looked["preview"]
        clean = {"group": {"policies": ["affinity"]}}
        looked = ask(method, f"{here}?preview=true", 200, grants.PreviewAnswer, clean, GroupRequest)
        assert looked == {"preview": {"clean": True, "violations": []}}
        done = ask(method, f"{here}?apply=if-clean", 200, GroupAnswer, clean, GroupRequest)
        assert done["group"]["policies"] == [{"kind": "affinity", "level": "host"}]


def test_what_xml_looks_like(world: World) -> None:
    asker = world.asker("demo", "admin")
    group = asker.id(name="web", policies=["anti-affinity"])
    xml = {"Accept": "application/xml", "Content_Type": "application/xml"}
    made = asker(
        "POST", f"~/groups/{group}/grants", b"<grant><tenant_id>guest</tenant_id></grant>", **xml
    )
    created = "<created_at>2027-01-15T08:00:00Z</created_at>"
    grant = f"<group_id>{group}</group_id><tenant_id>guest</tenant_id>{created}"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    assert made.text == f"{head}<grant>{grant}</grant>\n"
    listed = asker("GET", f"~/groups/{group}/grants", Accept="application/xml")
    assert listed.text == f"{head}<grants><grant>{grant}</grant></grants>\n"
    ids = [instance["id"] for instance in asker.place(one(count=2))["instances"]]
    body = "".join(f"<instance>{key}</instance>" for key in ids)
    body = f"<adopt><instances>{body}</instances></adopt>"
    text = asker("POST", f"~/groups/{group}/adopt?preview=true", body.encode(), **xml).text
    members = "".join(f"<member>{key}</member>" for key in ids)
    assert (
        f"<members>{members}</members><other_members>0</other_members></violation></violations></preview>"
        in text
    )
    assert text.startswith(
        f"{head}<preview><clean>false</clean><violations><violation><group>{group}</group>"
    )
    change = b"<group><policies><policy>affinity</policy></policies></group>"
    text = asker("PATCH", f"~/groups/{group}?preview=true", change, **xml).text
    assert text == f"{head}<preview><clean>true</clean><violations><list/></violations></preview>\n"
