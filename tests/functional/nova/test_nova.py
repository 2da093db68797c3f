"""Nova's family over WSGI: its verbs, pages, faults and version documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.test import Client, TestResponse

from groupsolver.api import make_app
from groupsolver.api.auth.principal import Principal
from groupsolver.api.http.errors import ApiError
from groupsolver.api.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

NEW, OLD = "OpenStack-API-Version", "X-OpenStack-Nova-API-Version"
GROUPS = "/v2.1/os-server-groups"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class Named:
    """An identity that believes what a header says: ``X-Test: project role``."""

    def principal(self, environ: WSGIEnvironment) -> Principal:
        tenant, _, role = environ.get("HTTP_X_TEST", "").partition(" ")
        if not role:
            raise ApiError("unauthorized", "who is it?")
        if tenant == "system":
            return Principal(None, "ann", frozenset({role}), system_scoped=True)
        return Principal(tenant, "ann", frozenset({role}))

    def wrap(self, app: WSGIApplication) -> WSGIApplication:
        return app


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    database = tmp_path_factory.mktemp("nova") / "groups.db"
    settings = Settings.model_validate(
        {"quota": {"nova_groups": -1}, "quotas": {"small": {"nova_groups": 2}}}
    )
    app = make_app(settings, database=f"sqlite:///{database}", identity=Named())
    yield app
    app.close()


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{tmp_path.parent.name}.{tmp_path.name}"[-60:].replace("[", ".").replace("]", ".")


class Asker:
    """Asks as somebody, in some microversion."""

    def __init__(self, app: Any, user: str, version: str = "2.64") -> None:
        self.client = Client(app)
        self.headers = {"X-Test": user, OLD: version}

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.open(path, method=method, json=body, headers={**self.headers, **named})

    def make(self, name: str = "web", path: str = GROUPS) -> str:
        answer = self("POST", path, {"server_group": {"name": name, "policy": "affinity"}})
        assert answer.status_code == 200
        return str(answer.get_json()["server_group"]["id"])

    def names(self, query: str = "") -> list[str]:
        answer = self("GET", GROUPS + query)
        assert answer.status_code == 200
        return [group["name"] for group in answer.get_json()["server_groups"]]


@pytest.fixture
def member(app: Any, project: str) -> Asker:
    return Asker(app, f"{project} member")


@pytest.fixture
def admin(app: Any, project: str) -> Asker:
    return Asker(app, f"{project}.admin admin")


def fault(answer: TestResponse, name: str, code: int) -> str:
    """Hold an answer against the form of Nova's faults; give its message."""
    body = answer.get_json()
    assert answer.status_code == code
    assert answer.mimetype == "application/json"
    assert body.keys() == {name}
    assert body[name].keys() == {"code", "message"}
    assert body[name]["code"] == code
    return str(body[name]["message"])


def test_a_group_is_made_shown_listed_and_deleted(member: Asker, project: str) -> None:
    made = member("POST", GROUPS, {"server_group": {"name": "web", "policy": "affinity"}})
    group = made.get_json()["server_group"]
    assert made.status_code == 200
    assert (group["project_id"], group["user_id"]) == (project, "ann")
    one = f"{GROUPS}/{group['id']}"
    assert member("GET", one).get_json() == {"server_group": group}
    assert member("GET", one.upper().replace("/V2.1/OS-SERVER-GROUPS", GROUPS)).get_json() == {
        "server_group": group
    }
    assert member("GET", GROUPS).get_json() == {"server_groups": [group]}
    gone = member("DELETE", one)
    assert (gone.status_code, gone.data) == (204, b"")
    assert member("GET", GROUPS).get_json() == {"server_groups": []}
    for method in ("GET", "DELETE"):
        fault(member(method, one), "itemNotFound", 404)


def test_the_path_may_name_the_project(member: Asker, admin: Asker, project: str) -> None:
    below = f"/v2.1/{project}/os-server-groups"
    made = member.make(path=below)
    for path in (f"{below}/{made}", f"{GROUPS}/{made}"):
        assert member("GET", path).status_code == 200
    assert admin("GET", f"{below}/{made}").status_code == 200
    fault(member("GET", f"/v2.1/{project}.admin/os-server-groups"), "itemNotFound", 404)
    assert admin("DELETE", f"{below}/{made}").status_code == 204


def test_pages_follow_one_another_by_marker_and_by_offset(member: Asker) -> None:
    for n in range(5):
        member.make(f"g{n}")
    everyone = member.names()
    assert sorted(everyone) == ["g0", "g1", "g2", "g3", "g4"]
    assert member.names("?limit=2") == everyone[:2]
    assert member.names("?limit=2&offset=3") == everyone[3:]
    assert member.names("?offset=1") == everyone[1:]
    assert member.names("?offset=99") == []
    assert member.names(f"?offset={10**30}") == []
    assert member.names(f"?limit={10**30}") == everyone
    assert member.names("?limit=0") == everyone  # Nova's meaning: as many as there may be
    seen: list[str] = []
    query = "?limit=2"
    for count in (2, 2, 1, 0):  # a server that ignored the marker would be asked for ever
        page = member("GET", GROUPS + query).get_json()["server_groups"]
        assert len(page) == count
        seen += [group["name"] for group in page]
        query = f"?limit=2&marker={page[-1]['id'] if page else ''}"
    assert seen == everyone


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", ["-1", "x", "", "1.5", "%D9%A3", "+1", "1&{}=x"])
def test_a_page_is_counted_in_digits(member: Asker, name: str, value: str) -> None:
    assert name in fault(member("GET", f"{GROUPS}?{name}={value.format(name)}"), "badRequest", 400)


@pytest.mark.parametrize("marker", [UNKNOWN, "web", ""])
def test_an_unknown_marker_is_refused(member: Asker, marker: str) -> None:
    member.make()
    fault(member("GET", f"{GROUPS}?marker={marker}"), "badRequest", 400)


def test_unknown_parameters_are_refused_from_2_75(app: Any, project: str) -> None:
    for version, status in (("2.1", 200), ("2.74", 200), ("2.75", 400), ("latest", 400)):
        assert (
            Asker(app, f"{project} member", version)("GET", GROUPS + "?colour=blue").status_code
            == status
        )
    assert (
        Asker(app, f"{project} member", "2.75")(
            "GET", GROUPS + "?limit=1&offset=0&all_projects"
        ).status_code
        == 200
    )


def test_only_an_admin_lists_all_projects(member: Asker, admin: Asker) -> None:
    made = member.make()
    member_sees, admin_sees = (
        asker("GET", GROUPS + "?all_projects=1").get_json() for asker in (member, admin)
    )
    assert [group["id"] for group in member_sees["server_groups"]] == [made]
    assert made in {group["id"] for group in admin_sees["server_groups"]}
    assert admin.names() == []


def test_the_quota_of_groups_is_the_projects(app: Any) -> None:
    asker = Asker(app, "small member")
    first = asker.make("one")
    asker.make("two")
    body = {"server_group": {"name": "three", "policy": "affinity"}}
    assert "2" in fault(asker("POST", GROUPS, body), "forbidden", 403)
    asker("DELETE", f"{GROUPS}/{first}")
    assert asker("POST", GROUPS, body).status_code == 200


def test_a_group_with_members_is_deleted_and_they_keep_running(app: Any, project: str) -> None:
    admin = Asker(app, f"{project} admin")
    made = admin.make()
    fleet = {"levels": [], "hosts": [{"name": "h1", "inventory": {"VCPU": 4}}]}
    assert admin("PUT", "/v1.0/fleet", fleet).status_code in {200, 204}
    options = {"instances": [{"resources": {"VCPU": 1}, "hints": {"group": made}}]}
    placed = admin("POST", f"/v1.0/{project}/placements", {"placement": options})
    assert placed.status_code == 201
    (instance,) = [one["id"] for one in placed.get_json()["placement"]["instances"]]
    assert admin("GET", f"{GROUPS}/{made}").get_json()["server_group"]["members"] == [instance]
    assert admin("DELETE", f"{GROUPS}/{made}").status_code == 204
    left = admin("GET", f"/v1.0/{project}/instances/{instance}").get_json()["instance"]
    assert (left["id"], left["group"]) == (instance, None)


ANSWERS = [
    ("GET", GROUPS, 200),
    ("GET", f"{GROUPS}/web", 404),
    ("GET", f"{GROUPS}/{UNKNOWN}", 404),
    ("DELETE", f"{GROUPS}/{UNKNOWN}", 404),
    ("GET", "/v2.1/nothing/here/at/all", 404),
    ("PUT", GROUPS, 405),
    ("POST", f"{GROUPS}/{UNKNOWN}", 405),
    ("GET", GROUPS + "?limit=x", 400),
    ("POST", GROUPS, 415),
    ("GET", "/v2.1", 200),
    ("GET", "/v2.1/", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_names_its_version(member: Asker, method: str, path: str, status: int) -> None:
    answer = (
        member(method, path, content_type="text/plain") if status == 415 else member(method, path)
    )
    assert answer.status_code == status
    assert (answer.headers[NEW], answer.headers[OLD]) == ("compute 2.64", "2.64")
    assert {NEW, OLD} <= {name.strip() for name in answer.headers["Vary"].split(",")}
    if status == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize(("version", "status"), [("2.105", 406), ("1.1", 406), ("two", 400)])
def test_a_version_that_is_not_spoken_is_refused_on_every_path(
    app: Any, project: str, version: str, status: int
) -> None:
    asker = Asker(app, f"{project} member", version)
    body = {"server_group": {"name": "web", "policy": "affinity"}}
    for method, path in (
        ("GET", GROUPS),
        ("POST", GROUPS),
        ("GET", f"{GROUPS}/{UNKNOWN}"),
        ("DELETE", f"{GROUPS}/x"),
    ):
        answer = asker(method, path, body if method == "POST" else None)
        fault(answer, "badRequest" if status == 400 else "computeFault", status)
        assert answer.headers[OLD] == "2.1"


def test_without_an_identity_there_is_a_fault_of_novas_form(app: Any) -> None:
    answer = Client(app).get(GROUPS, headers={OLD: "2.13"})
    fault(answer, "unauthorized", 401)
    assert answer.headers[OLD] == "2.13"


def test_a_reader_may_look_and_no_more(app: Any, project: str) -> None:
    reader = Asker(app, f"{project} reader")
    assert reader.names() == []
    fault(
        reader("POST", GROUPS, {"server_group": {"name": "web", "policy": "affinity"}}),
        "forbidden",
        403,
    )
    fault(reader("DELETE", f"{GROUPS}/{UNKNOWN}"), "forbidden", 403)


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "application/json;q=0"])
def test_there_is_nothing_but_json(member: Asker, accept: str) -> None:
    fault(member("GET", GROUPS, Accept=accept), "computeFault", 406)


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "text/html, application/json;q=0.1", ""]
)
def test_json_is_given_to_whoever_takes_it(member: Asker, accept: str) -> None:
    assert member("GET", GROUPS, Accept=accept).mimetype == "application/json"


def test_a_body_beyond_the_limit_is_not_read(member: Asker) -> None:
    body = {"server_group": {"name": "a" * 2**20, "policy": "affinity"}}
    fault(member("POST", GROUPS, body), "overLimit", 413)


VERSION = {"id": "v2.1", "status": "CURRENT", "version": "2.104", "min_version": "2.1"}


@pytest.mark.parametrize("path", ["/v2.1", "/v2.1/"])
@pytest.mark.parametrize("headers", [{}, {OLD: "2.999"}, {OLD: "two"}])
def test_the_version_document_is_open_to_everybody(
    app: Any, path: str, headers: dict[str, str]
) -> None:
    answer = Client(app).get(path, base_url="http://groups.example:8774", headers=headers)
    assert answer.status_code == 200
    version = answer.get_json()["version"]
    assert {key: version[key] for key in VERSION} == VERSION
    assert version["links"] == [{"rel": "self", "href": "http://groups.example:8774/v2.1/"}]


def test_the_root_lists_the_versions(app: Any) -> None:
    (version,) = Client(app).get("/", base_url="https://groups.example").get_json()["versions"]
    assert {key: version[key] for key in VERSION} == VERSION
    assert version["links"][0]["href"] == "https://groups.example/v2.1/"


def test_the_self_link_keeps_the_path_that_the_app_is_mounted_at(app: Any) -> None:
    answer = Client(app).get("/v2.1", base_url="http://groups.example/compute")
    assert (
        json.loads(answer.data)["version"]["links"][0]["href"]
        == "http://groups.example/compute/v2.1/"
    )
