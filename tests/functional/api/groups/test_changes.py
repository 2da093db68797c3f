"""UPDATE, PUT and PATCH of a group: what the body contains, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.api.handlers import groups
from groupsolver.api.handlers.groups import merge_patch
from groupsolver.api.services import group_registry
from tests.support.drivers.api_driver import UNKNOWN, Asker, World, one, refused

METHODS = ("UPDATE", "PUT", "PATCH")
REPLACING = ("UPDATE", "PUT")


# RFC 7396, appendix A, all of it.
@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_rfc_shows(original: Any, patch: Any, result: Any) -> None:
    kept = repr(original)
    assert merge_patch(original, patch) == result
    assert repr(original) == kept


class Kept:
    """A group that is changed again and again."""

    def __init__(self, asker: Asker, **fields: Any) -> None:
        self.asker = asker
        self.first = asker.group(**fields)
        self.path = f"~/groups/{self.first['id']}"

    def change(self, method: str, **fields: Any) -> Any:
        return self.asker(method, self.path, {"group": fields})

    def now(self) -> Any:
        return self.asker.get(self.path, "group")

    def tag(self) -> str:
        return self.asker("GET", self.path).headers["ETag"]


@pytest.fixture
def kept(member: Asker) -> Kept:
    return Kept(member, name="web", metadata={"a": "1", "b": "2"}, policies=["affinity"])


@pytest.mark.parametrize("method", METHODS)
def test_what_the_body_does_not_contain_stays(kept: Kept, method: str) -> None:
    answer = kept.change(method, name="new")
    assert answer.get_json()["group"] == {**kept.first, "name": "new"} == kept.now()
    assert kept.change(method).get_json()["group"] == kept.now()
    policies = kept.change(method, policies=["anti-affinity"]).get_json()["group"]["policies"]
    assert policies == [{"kind": "anti-affinity", "level": "host", "max_per_domain": 1}]
    assert kept.now()["metadata"] == kept.first["metadata"]


@pytest.mark.parametrize("method", REPLACING)
def test_a_key_replaces_the_whole_of_what_is_stored(kept: Kept, method: str) -> None:
    assert kept.change(method, metadata={"c": "3"}).get_json()["group"]["metadata"] == {"c": "3"}
    assert kept.change(method, metadata=None, name=None).status_code == 200
    assert (kept.now()["metadata"], kept.now()["name"]) == (None, None)
    refused(kept.change(method, policies=None), "wrong-type", 400, "group.policies")


def test_a_patch_merges_metadata_and_replaces_lists(kept: Kept) -> None:
    assert kept.change("PATCH", metadata={"a": None, "c": "3"}).get_json()["group"]["metadata"] == {
        "b": "2",
        "c": "3",
    }
    assert (
        kept.change("PATCH", policies=["exclusive"]).get_json()["group"]["policies"][0]["kind"]
        == "exclusive"
    )
    assert kept.change("PATCH", name=None, metadata=None, policies=None).status_code == 200
    assert kept.now() == {**kept.first, "name": None, "metadata": None, "policies": []}
    assert kept.change("PATCH", metadata={"d": "4"}).get_json()["group"]["metadata"] == {"d": "4"}


def test_a_patch_in_xml_takes_null_out(kept: Kept) -> None:
    text = b"<group><metadata><entry><key>a</key><value><null/></value></entry></metadata></group>"
    answer = kept.asker("PATCH", kept.path, text, Content_Type="application/xml")
    assert answer.get_json()["group"]["metadata"] == {"b": "2"}


@pytest.mark.parametrize("method", METHODS)
def test_read_only_fields_may_be_sent_back_as_they_are(kept: Kept, method: str) -> None:
    kept.asker.place(one(kept.first["id"]))
    shown = kept.now()
    assert kept.change(method, **{**shown, "name": "new"}).get_json()["group"] == {
        **shown,
        "name": "new",
    }
    assert kept.change(method, id=shown["id"].upper()).status_code == 200
    for key, other in [
        ("id", UNKNOWN),
        ("members", []),
        ("members", [UNKNOWN]),
        ("tenant_id", "other"),
    ]:
        refused(kept.change(method, **{key: other}), "read-only", 400, f"group.{key}")
    for key in ("id", "tenant_id"):
        assert kept.change(method, **{key: None}).status_code == 400
    refused(kept.change(method, nme="x"), "unknown-key", 400, "group.nme")
    assert kept.now() == {**shown, "name": "new"}


@pytest.mark.parametrize("method", METHODS)
def test_policies_change_only_while_the_group_is_empty(kept: Kept, method: str) -> None:
    held = kept.asker.place(one(kept.first["id"]))["instances"][0]["id"]
    refused(kept.change(method, policies=[]), "group-not-empty", 409)
    assert kept.change(method, policies=["affinity"], name="same policies").status_code == 200
    assert kept.asker("DELETE", f"~/instances/{held}").status_code == 204
    assert kept.change(method, policies=[]).get_json()["group"]["policies"] == []


@pytest.mark.parametrize(
    "body", [None, [], "x", 5, {}, {"group": None}, {"group": []}, {"group": {}, "grup": 1}]
)
@pytest.mark.parametrize("method", METHODS)
def test_a_body_of_another_shape_is_refused(kept: Kept, method: str, body: Any) -> None:
    assert kept.asker(method, kept.path, b"null" if body is None else body).status_code == 400
    assert kept.now() == kept.first


@pytest.mark.parametrize("method", METHODS)
def test_a_stale_tag_is_refused(kept: Kept, method: str) -> None:
    def send(tag: str, name: str) -> Any:
        return kept.asker(method, kept.path, {"group": {"name": name}}, If_Match=tag)

    old = kept.tag()
    answer = send(old, "one")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == kept.tag() != old
    refused(send(old, "two"), "stale", 412)
    refused(send('"nonsense"', "two"), "stale", 412)
    refused(send(f"W/{kept.tag()}", "two"), "stale", 412)  # If-Match compares strongly
    assert kept.now()["name"] == "one"
    assert send(f"{old}, {kept.tag()}", "three").status_code == 200
    assert send("*", "four").status_code == 200


def test_a_stale_tag_keeps_a_group_from_being_deleted(kept: Kept) -> None:
    old = kept.tag()
    kept.change("PUT", name="new")
    refused(kept.asker("DELETE", kept.path, If_Match=old), "stale", 412)
    assert kept.asker("DELETE", kept.path, If_Match=kept.tag()).status_code == 204


def test_the_tag_changes_when_members_come_and_go(world: World, kept: Kept) -> None:
    tags = [kept.tag()]
    held = kept.asker.place(one(kept.first["id"]))["instances"][0]["id"]
    tags.append(kept.tag())
    kept.asker("DELETE", f"~/instances/{held}")
    tags.append(kept.tag())
    kept.asker.place(one(kept.first["id"]), ttl=10)
    tags.append(kept.tag())
    world.clock.now += 11  # the claim has ended, though nobody has written since
    assert kept.now()["members"] == []
    tags.append(kept.tag())
    kept.asker.place(one())  # which takes out what has ended
    assert kept.tag()
    assert len(set(tags)) == 5
    refused(kept.asker("PUT", kept.path, {"group": {"name": "x"}}, If_Match=tags[3]), "stale", 412)


@pytest.mark.parametrize("tagged", [False, True])
def test_a_change_between_reading_and_writing_is_not_lost(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, tagged: bool
) -> None:
    find, others = group_registry.find_group, [{"b": "other"}]

    def overtaken(*args: Any) -> Any:
        found = find(*args)
        while others:
            assert kept.change("PATCH", metadata=others.pop()).status_code == 200
        return found

    headers = {"If_Match": kept.tag()} if tagged else {}
    monkeypatch.setattr(groups, "find_group", overtaken)
    answer = kept.asker("PATCH", kept.path, {"group": {"metadata": {"a": "mine"}}}, **headers)
    if tagged:
        refused(answer, "stale", 412)
    assert kept.now()["metadata"] == {"a": "1" if tagged else "mine", "b": "other"}


def test_a_change_of_nothing_keeps_the_tag(kept: Kept) -> None:
    before = kept.tag()
    kept.change("PUT", name="web", policies=["affinity"])
    assert kept.tag() == before


def test_an_admin_moves_an_empty_group_to_another_project(world: World, kept: Kept) -> None:
    admin = world.asker("demo", "admin")

    def move(to: str = "other", **fields: Any) -> Any:
        return admin("PUT", kept.path, {"group": {"tenant_id": to, **fields}})

    namer = kept.asker.id(policies=[{"kind": "near", "group": kept.first["id"]}])
    refused(move(), "group-in-use", 409)
    kept.asker("DELETE", f"~/groups/{namer}")
    target = kept.asker.id()
    refused(move(policies=[{"kind": "near", "group": target}]), "group-not-found", 404)
    held = kept.asker.place(one(kept.first["id"]))["instances"][0]["id"]
    refused(move(), "group-not-empty", 409)
    kept.asker("DELETE", f"~/instances/{held}")
    assert move().get_json()["group"]["tenant_id"] == "other"
    refused(kept.asker("GET", kept.path), "group-not-found", 404)
    assert (
        world.asker("other", "reader").get(f"~/groups/{kept.first['id']}", "group")["name"] == "web"
    )


def test_what_an_operator_set_does_not_keep_a_member_from_changing_the_rest(
    world: World, kept: Kept
) -> None:
    admin = world.asker("demo", "admin")
    pinned = {"kind": "within", "hosts": ["h0"], "domains": {}}
    assert admin("PUT", kept.path, {"group": {"policies": [pinned]}}).status_code == 200
    shown = kept.now()["policies"]
    assert kept.change("PUT", policies=[*shown, "affinity"]).status_code == 200
    assert kept.change("PUT", groups=[kept.asker.id()]).status_code == 200
    refused(kept.change("PUT", policies=[{**shown[0], "hosts": ["h1"]}]), "forbidden", 403)


def test_an_id_that_is_taken_again_brings_no_old_tag_back(world: World) -> None:
    admin = world.asker("demo", "admin")
    tags = []
    for _ in range(3):
        made = admin("POST", "~/groups", {"group": {"id": UNKNOWN}})
        tags.append(made.headers["ETag"])
        assert tags[-1] == admin("GET", f"~/groups/{UNKNOWN}").headers["ETag"]
        assert admin("DELETE", f"~/groups/{UNKNOWN}").status_code == 204
    assert len(set(tags)) == 3
