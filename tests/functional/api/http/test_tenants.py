"""Another project's things: not there, by whatever way one comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused
from tests.support.drivers.identity import SPOOFED

ROLES = ("reader", "member")


class Victim:
    """A project with a group, a member, and a placement that may yet end."""

    def __init__(self, world: World) -> None:
        self.asker = world.asker("victim", "member")
        self.group = self.asker.id(name="secret", metadata={"a": "b"})
        placed = self.asker.place(one(self.group, name="db"), ttl=600)
        self.placement, self.instance = placed["id"], placed["instances"][0]["id"]
        self.before = self.state()

    def state(self) -> Any:
        return [
            self.asker("GET", path).get_json()
            for path in (
                "~/groups",
                "~/instances",
                f"~/groups/{self.group}",
                f"~/instances/{self.instance}",
            )
        ] + [self.asker("GET", f"~/groups/{self.group}").headers["ETag"]]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        world.asker("ops", "admin").load(*hosts())
        yield world


@pytest.fixture
def victim(world: World) -> Iterator[Victim]:
    victim = Victim(world)
    yield victim
    assert victim.state() == victim.before


def same_as_unknown(asker: Asker, method: str, path: str, key: str, body: Any = None) -> None:
    """What another project has is answered like what nobody has."""
    there, nowhere = asker(method, path, body), asker(method, path.replace(key, UNKNOWN), body)
    assert there.status_code == nowhere.status_code == 404
    error, other = (
        refused(there, there.get_json()["errors"][0]["code"]),
        nowhere.get_json()["errors"][0],
    )
    assert error["detail"].replace(key, UNKNOWN) == other["detail"]
    assert error["code"] == other["code"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "UPDATE", "PUT", "PATCH", "DELETE"])
def test_a_group_by_every_verb(world: World, victim: Victim, method: str) -> None:
    asker = world.asker("demo", "member")
    body = {"group": {"name": "mine"}} if method in {"UPDATE", "PUT", "PATCH"} else None
    for query in ("", "?force=true") if method == "DELETE" else ("",):
        path = f"~/groups/{victim.group}{query}"
        if method == "HEAD":
            assert asker(method, path).status_code == 404
            continue
        same_as_unknown(asker, method, path, victim.group, body)
        # Nor below the other project's own path, and not more kindly where it is not there.
        for at in ("victim", "nobody"):
            foreign = path.replace("~", f"/v1.0/{at}")
            refused(asker(method, foreign, body), "tenant-not-found", 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1.0/victim/groups"),
        ("POST", "/v1.0/victim/groups"),
        ("POST", "/v1.0/victim/placements"),
        ("POST", "/v1.0/victim/placements/{placement}/confirm"),
        ("GET", "/v1.0/victim/instances"),
        ("GET", "/v1.0/victim/instances/{instance}"),
        ("DELETE", "/v1.0/victim/instances/{instance}"),
    ],
)
@pytest.mark.parametrize("role", ROLES)
def test_a_path_of_another_project(
    world: World, victim: Victim, role: str, method: str, path: str
) -> None:
    bodies = {
        "/v1.0/victim/groups": {"group": {}},
        "/v1.0/victim/placements": {"placement": {"instances": [one()]}},
    }
    path = path.format(placement=victim.placement, instance=victim.instance)
    body = bodies.get(path) if method == "POST" else None
    refused(world.asker("demo", role)(method, path, body), "tenant-not-found", 404)


def test_a_group_by_hint_by_policy_and_as_a_child(world: World, victim: Victim) -> None:
    asker = world.asker("demo", "member")
    mine = asker.id()
    near = {"kind": "near", "group": victim.group}
    for fields in ({"policies": [near]}, {"groups": [victim.group]}):
        unknown = json.loads(json.dumps(fields).replace(victim.group, UNKNOWN))
        for method, path in (("POST", "~/groups"), ("PATCH", f"~/groups/{mine}")):
            there, nowhere = (
                asker(method, path, {"group": fields}),
                asker(method, path, {"group": unknown}),
            )
            error, other = (refused(answer, "group-not-found", 404) for answer in (there, nowhere))
            assert error["detail"].replace(victim.group, UNKNOWN) == other["detail"]
    for query in ("", "?dry_run=true"):
        refused(asker.ask(one(), one(victim.group), query=query), "group-not-found", 404)
    assert asker.get("~/instances", "instances") == []
    assert len(asker.get("~/groups", "groups")) == 1


def test_instances_placements_and_markers(world: World, victim: Victim) -> None:
    asker = world.asker("demo", "member")
    for method in ("GET", "DELETE"):
        same_as_unknown(asker, method, f"~/instances/{victim.instance}", victim.instance)
    same_as_unknown(asker, "POST", f"~/placements/{victim.placement}/confirm", victim.placement)
    for path, marker in (("~/groups", victim.group), ("~/instances", victim.instance)):
        there, nowhere = (
            asker("GET", f"{path}?marker={marker}"),
            asker("GET", f"{path}?marker={UNKNOWN}"),
        )
        assert there.status_code == nowhere.status_code == 400
        assert there.get_json()["errors"][0]["detail"] == nowhere.get_json()["errors"][0]["detail"]
        assert asker.get(path, path[2:]) == []


def test_novas_paths_keep_projects_apart_too(world: World, victim: Victim) -> None:
    asker = world.asker("demo", "member")
    for prefix in ("/v2.1", "/v2.1/victim", "/v2.1/demo"):
        for method in ("GET", "DELETE"):
            assert asker(method, f"{prefix}/os-server-groups/{victim.group}").status_code == 404
    assert asker("GET", "/v2.1/victim/os-server-groups").status_code == 404
    assert asker.get("/v2.1/os-server-groups?all_projects=1", "server_groups") == []


@pytest.mark.parametrize("role", ["service", "admin"])
def test_admins_and_services_act_for_the_project_of_the_path(world: World, role: str) -> None:
    asker = world.asker("infra", role, at="demo")
    group = asker.group(name="a")
    assert group["tenant_id"] == "demo"
    placed = asker.place(one(group["id"]), ttl=60)
    there = f"~/instances/{placed['instances'][0]['id']}"
    assert asker.get(there, "instance")["tenant_id"] == "demo"
    assert asker("POST", f"~/placements/{placed['id']}/confirm").status_code == 200
    assert len(world.asker("demo", "reader").get("~/groups", "groups")) == 1
    assert asker("PATCH", f"~/groups/{group['id']}", {"group": {"name": "b"}}).status_code == 200
    assert asker("DELETE", there).status_code == 204
    assert asker("DELETE", f"~/groups/{group['id']}").status_code == 204
    # The path says whose thing it is, for them too.
    other = world.asker("infra", role, at="other").id()
    refused(asker("GET", f"~/groups/{other}"), "group-not-found", 404)
    refused(asker.ask(one(other)), "group-not-found", 404)


@pytest.mark.parametrize("tenant", ["a b", "é", "x" * 256, "a'b", "...*"])
def test_a_project_has_a_name_of_plain_characters(world: World, tenant: str) -> None:
    refused(world.asker("ops", "admin")("GET", f"/v1.0/{tenant}/groups"), "tenant-not-found", 404)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "~/groups", {"group": {}}),
        *(
            (method, "~/groups/{group}", {"group": {"name": "x"}})
            for method in ("UPDATE", "PUT", "PATCH")
        ),
        ("DELETE", "~/groups/{group}?force=true", None),
        ("POST", "~/placements", {"placement": {"instances": [one()]}}),
        ("POST", "~/placements?dry_run=true", {"placement": {"instances": [one()]}}),
        ("POST", "~/placements/{placement}/confirm", None),
        ("DELETE", "~/instances/{instance}", None),
    ],
)
def test_a_reader_changes_nothing(
    world: World, victim: Victim, method: str, path: str, body: Any
) -> None:
    path = path.format(group=victim.group, placement=victim.placement, instance=victim.instance)
    refused(world.asker("victim", "reader")(method, path, body), "forbidden", 403)
    # Nor does who has no role that means anything here, nor who is nobody.
    refused(world.asker("victim", "owner")(method, path, body), "forbidden", 403)
    answer = world.nobody("victim")(method, path, body)
    refused(answer, "unauthorized", 401)
    assert answer.headers["WWW-Authenticate"] == "Test"
    assert world.asker("victim", "reader").get("~/groups", "groups")[0]["id"] == victim.group
    refused(world.asker("victim", "owner")("GET", "~/groups"), "forbidden", 403)


def test_what_a_client_says_of_itself_changes_nothing(world: World, victim: Victim) -> None:
    reader, nobody = world.asker("demo", "reader"), world.nobody("victim")
    headers = {name.replace("-", "_"): value for name, value in SPOOFED.items()}
    refused(reader("GET", "/v1.0/victim/groups", **headers), "tenant-not-found", 404)
    refused(reader("POST", "~/groups", {"group": {}}, **headers), "forbidden", 403)
    refused(reader("GET", "/v1.0/fleet", **headers), "forbidden", 403)
    refused(nobody("GET", "~/groups", **headers), "unauthorized", 401)
    member = world.asker("demo", "member")
    refused(
        member("POST", "~/groups", {"group": {"id": str(uuid4())}}, **headers), "forbidden", 403
    )
    made = member("POST", "~/groups", {"group": {}}, **headers).get_json()["group"]
    assert made["tenant_id"] == "demo"
