"""Every row of /v1.0 in JSON and in XML, and how the form is chosen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from groupsolver.api.routes import ROUTES
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.value import Value
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.fleet import FleetAnswer
from groupsolver.wire.bodies.groups import GroupAnswer, GroupRequest, GroupsAnswer
from groupsolver.wire.bodies.instances import InstanceAnswer, InstancesAnswer
from groupsolver.wire.bodies.placements import PlacementAnswer, PlacementRequest
from groupsolver.wire.read import read_data
from groupsolver.wire.write import write_body
from tests.support.drivers.api_driver import UNKNOWN, Asker, World, hosts, one, opened, refused

KINDS = ("json", "xml")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path) as world:
        yield world


def test_the_table_has_every_row_of_the_contract_and_no_more() -> None:
    group, instance, host = (
        "/v1.0/<tenant_id>/groups/<id>",
        "/v1.0/<tenant_id>/instances/<id>",
        "/v1.0/fleet/hosts/<name>",
    )
    want = {("GET", "/v1.0/<tenant_id>/groups"), ("POST", "/v1.0/<tenant_id>/groups")}
    want |= {(method, group) for method in ("GET", "UPDATE", "PUT", "PATCH", "DELETE")}
    want |= {
        ("GET", f"{group}/grants"),
        ("POST", f"{group}/grants"),
        ("DELETE", f"{group}/grants/<grantee>"),
    }
    want |= {("POST", f"{group}/{action}") for action in ("adopt", "release")}
    want |= {
        ("POST", "/v1.0/<tenant_id>/placements"),
        ("POST", "/v1.0/<tenant_id>/placements/<id>/confirm"),
    }
    want |= {("POST", f"/v1.0/<tenant_id>/{name}") for name in ("explain", "headroom")}
    want |= {("GET", "/v1.0/<tenant_id>/instances"), ("GET", instance), ("DELETE", instance)}
    want |= {("GET", "/v1.0/fleet"), ("PUT", "/v1.0/fleet")}
    want |= {(method, host) for method in ("GET", "PUT", "DELETE")}
    want |= {
        ("GET", path) for path in ("/", "/v2.1", "/v2.1/", "/openapi.json", "/healthz", "/metrics")
    }
    want |= {("GET", f"/v2.1/<project_id>{slash}") for slash in ("", "/")}
    for prefix in ("/v2.1", "/v2.1/<project_id>"):
        want |= {(method, f"{prefix}/os-server-groups") for method in ("GET", "POST")}
        want |= {(method, f"{prefix}/os-server-groups/<id>") for method in ("GET", "DELETE")}
    assert {(route.method, route.path) for route in ROUTES} == want


class Speaker:
    """Sends and reads either form; what it gives is plain data, the same for both."""

    def __init__(self, asker: Asker, kind: Any) -> None:
        self.asker, self.kind = asker, kind

    def __call__(
        self,
        method: str,
        path: str,
        status: int,
        gives: type[Value] | None,
        body: Any = None,
        takes: type[Value] | None = None,
        root: str | None = None,
    ) -> Any:
        media = f"application/{self.kind}"
        sent = None if takes is None else write_body(self.kind, body, takes, root=root)
        headers = {"Accept": media} | ({"Content_Type": media} if sent else {})
        answer = self.asker(method, path, sent, **headers)
        assert answer.status_code == status, answer.text
        if gives is None:
            assert (answer.data, "Content-Type" in answer.headers) == (b"", False)
            return None
        assert answer.mimetype == media
        assert answer.headers["Vary"] == "Accept"
        return read_data(self.kind, answer.data, gives, root=root)


@pytest.mark.parametrize("kind", KINDS)
def test_every_row_speaks(kind: str, admin: Asker) -> None:
    ask = Speaker(admin, kind)
    fleet = {
        "levels": ["zone", "rack"],
        "hosts": hosts(),
        "links": [{"between": ["r0", "spine"], "latency_us": 5}],
    }
    ask("PUT", "/v1.0/fleet", 204, None, fleet, Fleet, "fleet")
    shown = ask("GET", "/v1.0/fleet", 200, FleetAnswer, root="fleet")
    assert (shown["levels"], len(shown["hosts"]), shown["links"][0]["latency_us"]) == (
        ["zone", "rack"],
        6,
        5,
    )
    new = {
        "name": "h9",
        "inventory": {"VCPU": {"total": 4, "allocation_ratio": 1.5}},
        "traits": ["SSD"],
    }
    assert ask("PUT", "/v1.0/fleet/hosts/h9", 201, Host, new, Host, "host")["traits"] == ["SSD"]
    assert (
        ask("PUT", "/v1.0/fleet/hosts/h9", 200, Host, {**new, "enabled": False}, Host, "host")[
            "enabled"
        ]
        is False
    )
    assert (
        ask("GET", "/v1.0/fleet/hosts/h9", 200, Host, root="host")["inventory"]["VCPU"][
            "allocation_ratio"
        ]
        == 1.5
    )
    ask("DELETE", "/v1.0/fleet/hosts/h9", 204, None)

    wanted = {"group": {"name": "web", "policies": ["anti-affinity"], "metadata": {"a b": "1"}}}
    group = ask("POST", "~/groups", 201, GroupAnswer, wanted, GroupRequest)["group"]
    policy = {"kind": "anti-affinity", "level": "host", "max_per_domain": 1}
    assert group == {
        "id": group["id"],
        "name": "web",
        "tenant_id": "demo",
        "policies": [policy],
        "metadata": {"a b": "1"},
        "groups": [],
        "members": [],
    }
    here = f"~/groups/{group['id']}"
    assert ask("GET", here, 200, GroupAnswer) == {"group": group}
    assert ask("GET", "~/groups", 200, GroupsAnswer) == {"groups": [group]}
    for method in ("UPDATE", "PUT", "PATCH"):
        change = {"group": {"name": method, "metadata": None}}
        changed = ask(method, here, 200, GroupAnswer, change, GroupRequest)["group"]
        assert changed == {**group, "name": method, "metadata": None}

    place = {
        "placement": {"flavors": {"m": {"resources": {"VCPU": 2}}}, "instances": [], "ttl": 60}
    }
    place["placement"]["instances"] = [{"flavor": "m", "count": 2, "hints": {"group": group["id"]}}]
    placed = ask("POST", "~/placements", 201, PlacementAnswer, place, PlacementRequest)["placement"]
    assert placed["status"] == "optimal"
    assert placed["objective"] == placed["bound"] == 2000  # two empty hosts, 1000 points each
    assert placed["gap"] == 0
    assert {i["host"] for i in placed["instances"]} == {"h0", "h1"}
    confirmed = ask("POST", f"~/placements/{placed['id']}/confirm", 200, PlacementAnswer)[
        "placement"
    ]
    assert confirmed == {**placed, "expires_at": None}
    all_ = ask("GET", "~/instances", 200, InstancesAnswer)["instances"]
    assert [i["id"] for i in all_] == [i["id"] for i in placed["instances"]]
    assert all_[0]["resources"] == {"VCPU": 2}
    for instance in all_:
        assert ask("GET", f"~/instances/{instance['id']}", 200, InstanceAnswer) == {
            "instance": instance
        }
        ask("DELETE", f"~/instances/{instance['id']}", 204, None)
    assert ask("GET", "~/instances", 200, InstancesAnswer) == {"instances": []}
    ask("DELETE", here, 204, None)
    error = ask("GET", here, 404, ErrorsAnswer)["errors"][0]
    assert (error["status"], error["code"]) == (404, "group-not-found")


def test_an_infeasible_placement_carries_its_conflict_in_both_forms(admin: Asker) -> None:
    admin.load(*hosts(2))
    group = admin.id(name="web", policies=["anti-affinity"])
    for kind in KINDS:
        body = {"placement": {"instances": [one(group, count=3)]}}
        error = Speaker(admin, kind)(
            "POST", "~/placements", 409, ErrorsAnswer, body, PlacementRequest
        )["errors"][0]
        assert error["code"] == "placement-infeasible"
        assert error["conflict"].keys() == {"policies", "capacity", "minimal", "fixes"}
        size, rule = error["conflict"]["policies"]
        assert size == {
            "group": group,
            "policy": "members",
            "sentence": "3 new members of web are placed",
        }
        assert (rule["group"], rule["policy"]) == (group, "anti-affinity")
        assert rule["sentence"].startswith(
            "no host holds more than 1 member of web; 3 members need 3 hosts"
        )
        assert error["conflict"]["minimal"] is True
        fix = error["conflict"]["fixes"][0]
        assert (fix["change"], fix["cost"]) == (
            "web anti-affinity at host max_per_domain 1 -> 2",
            1,
        )
        assert sorted(fix["placement"].values()) in (["h0", "h0", "h1"], ["h0", "h1", "h1"])


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        ("application/json", "application/json"),
        ("application/xml", "application/xml"),
        ("text/xml", "text/xml"),
        ("*/*", "application/json"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ("application/json;q=0.5, application/xml", "application/xml"),
    ],
)
def test_accept_chooses_the_form(admin: Asker, accept: str, media: str) -> None:
    assert admin("GET", "~/groups", Accept=accept).mimetype == media
    assert admin("GET", f"~/groups/{UNKNOWN}", Accept=accept).mimetype == media


def test_unknown_media_types_are_refused_before_anything_is_done(admin: Asker) -> None:
    refused(admin("GET", "~/groups", Accept="text/html"), "not-acceptable", 406)
    refused(admin("POST", "~/groups", {"group": {}}, Accept="image/png"), "not-acceptable", 406)
    refused(
        admin("POST", "~/groups", {"group": {}}, Content_Type="text/plain"),
        "unsupported-media-type",
        415,
    )
    latin = "application/json; charset=latin-1"
    refused(
        admin("POST", "~/groups", {"group": {}}, Content_Type=latin), "unsupported-media-type", 415
    )
    assert admin.get("~/groups", "groups") == []


def test_a_merge_patch_has_a_media_type_of_its_own(admin: Asker) -> None:
    group = admin.id()
    answer = admin(
        "PATCH",
        f"~/groups/{group}",
        {"group": {"name": "a"}},
        Content_Type="application/merge-patch+json",
    )
    assert answer.get_json()["group"]["name"] == "a"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "~/groups", "GET, HEAD, POST"),
        ("POST", f"~/groups/{UNKNOWN}", "DELETE, GET, HEAD, PATCH, PUT, UPDATE"),
        ("BREW", "/v1.0/fleet", "GET, HEAD, PUT"),
        ("UPDATE", "/v1.0/fleet/hosts/h0", "DELETE, GET, HEAD, PUT"),
        ("GET", "~/placements", "POST"),
        ("GET", f"~/placements/{UNKNOWN}/confirm", "POST"),
        ("OPTIONS", "~/instances", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
    ],
)
def test_other_methods_are_told_which_are_allowed(
    admin: Asker, method: str, path: str, allowed: str
) -> None:
    answer = admin(method, path)
    refused(answer, "method-not-allowed", 405)
    assert answer.headers["Allow"] == allowed


def test_head_is_get_without_a_body(admin: Asker) -> None:
    group = admin.id(name="a")
    for path in (
        "~/groups",
        f"~/groups/{group}",
        "~/instances",
        "/v1.0/fleet",
        "/healthz",
        "/metrics",
    ):
        got, head = admin("GET", path), admin("HEAD", path)
        assert (head.status_code, head.data) == (200, b"")
        for name in ("Content-Type", "ETag"):
            assert head.headers.get(name) == got.headers.get(name)
    assert admin("HEAD", f"~/groups/{UNKNOWN}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/nope", "/v1.0", "/v1.0/demo", "/v1.0/demo/group", "/v1.0/fleet/host", "/v3/x"]
)
def test_unknown_paths_are_not_found(admin: Asker, path: str) -> None:
    refused(admin("GET", path), "no-such-path", 404)


def test_a_slash_at_the_end_changes_nothing(admin: Asker) -> None:
    group = admin.group(name="a")
    assert admin.get("~/groups/", "groups") == [group]
    assert admin.get(f"~/groups/{group['id']}/", "group") == group
    assert admin("GET", "/v1.0/fleet/").status_code == 200


def test_a_created_group_is_where_location_says(admin: Asker) -> None:
    made: TestResponse = admin("POST", "~/groups", {"group": {"name": "a"}})
    there = made.headers["Location"].removeprefix("http://localhost")
    assert admin("GET", there).get_json() == made.get_json()
    assert admin("GET", there).headers["ETag"] == made.headers["ETag"]


@pytest.mark.parametrize(
    "headers", [{"Host": "a..b"}, {"Host": "x" * 300}, {"Host": "é"}, {"Host": "[::1"}]
)
def test_an_odd_host_is_no_failure(admin: Asker, headers: dict[str, str]) -> None:
    assert admin("GET", "~/groups", **headers).status_code == 200


def test_an_upgrade_that_is_not_spoken_is_passed_over(admin: Asker) -> None:
    assert admin("GET", "~/groups", Connection="Upgrade", Upgrade="websocket").status_code == 200
