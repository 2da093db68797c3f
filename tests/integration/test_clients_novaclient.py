"""python-novaclient, as it is, against this server, with no Keystone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

pytest.importorskip("novaclient")

import novaclient
from keystoneauth1.noauth import NoAuth
from keystoneauth1.session import Session
from novaclient import client, exceptions
from novaclient.api_versions import APIVersion

pytestmark = pytest.mark.integration

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def session(compute: str) -> Iterator[Session]:
    session = Session(auth=NoAuth(endpoint=compute))
    yield session
    session.session.close()


def nova(session: Session, version: str) -> Any:
    return client.Client(version, session=session)


SHOWN = {
    "2.1": {"id", "name", "members", "policies", "metadata"},
    "2.13": {"id", "name", "members", "policies", "metadata", "project_id", "user_id"},
    "2.15": {"id", "name", "members", "policies", "metadata", "project_id", "user_id"},
    "2.64": {"id", "name", "members", "policy", "rules", "project_id", "user_id"},
    "2.96": {"id", "name", "members", "policy", "rules", "project_id", "user_id"},
}
HARD, SOFT = ("affinity", "anti-affinity"), ("soft-affinity", "soft-anti-affinity")


@pytest.mark.parametrize("version", SHOWN)
def test_a_group_of_each_policy_is_created_shown_listed_and_deleted(
    session: Session, project: str, version: str
) -> None:
    groups = nova(session, version).server_groups
    for policy in HARD if version in {"2.1", "2.13"} else HARD + SOFT:
        made = groups.create(f"my {policy}", policy)
        view = made.to_dict()
        assert view.keys() == SHOWN[version]
        assert view.get("policy", view.get("policies")) in (policy, [policy])
        assert view.get("project_id", project) == project
        assert (view["members"], view.get("metadata", {}), view.get("rules", {})) == ([], {}, {})
        assert groups.get(made.id).to_dict() == view
        assert [one.to_dict() for one in groups.list()] == [view]
        assert groups.find(name=f"my {policy}").id == made.id
        groups.delete(made.id)
        assert groups.list() == []


def test_max_server_per_host_goes_there_and_back(session: Session) -> None:
    groups = nova(session, "2.64").server_groups
    made = groups.create("web", "anti-affinity", {"max_server_per_host": "3"})
    assert groups.get(made.id).rules == {"max_server_per_host": 3}
    # Older clients see the policy, as with Nova.
    assert nova(session, "2.1").server_groups.get(made.id).policies == ["anti-affinity"]


@pytest.mark.parametrize("policy", SOFT)
def test_soft_policies_are_refused_before_2_15(session: Session, policy: str) -> None:
    with pytest.raises(exceptions.BadRequest):
        nova(session, "2.14").server_groups.create("web", policy)


def test_pages_are_taken_by_limit_and_offset(session: Session) -> None:
    groups = nova(session, "2.64").server_groups
    names = [f"g{n}" for n in range(5)]
    for name in names:
        groups.create(name, "affinity")
    pages = [
        [group.name for group in groups.list(limit=2, offset=offset)] for offset in (0, 2, 4, 6)
    ]
    assert sorted(name for page in pages for name in page) == names
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    with pytest.raises(exceptions.BadRequest, match="limit"):
        groups.list(limit=-1)


def test_an_admin_lists_the_groups_of_all_projects(session: Session, server: str) -> None:
    made = nova(session, "2.64").server_groups.create("web", "affinity")
    other = Session(auth=NoAuth(endpoint=f"{server}/v2.1"))
    try:
        groups = nova(other, "2.64").server_groups
        assert made.id not in {group.id for group in groups.list()}
        assert made.id in {group.id for group in groups.list(all_projects=True)}
        assert groups.get(made.id).name == "web"
    finally:
        other.session.close()


@pytest.mark.parametrize("key", [UNKNOWN, "web", "no such group"])
def test_what_is_not_there_is_not_found(session: Session, key: str) -> None:
    groups = nova(session, "2.64").server_groups
    groups.create("web", "affinity")
    with pytest.raises(exceptions.NotFound):
        groups.get(key)
    with pytest.raises(exceptions.NotFound):
        groups.delete(key)


def test_bad_groups_are_refused_in_words(session: Session) -> None:
    groups = nova(session, "2.64").server_groups
    with pytest.raises(
        exceptions.BadRequest, match="Only anti-affinity policy supports rules"
    ) as caught:
        groups.create("web", "affinity", {"max_server_per_host": 3})
    assert caught.value.code == 400
    for name, policy, rules in (
        ("", "affinity", None),
        ("web", "legacy", None),
        ("web", "anti-affinity", {"most": 3}),
    ):
        with pytest.raises(exceptions.BadRequest):
            groups.create(name, policy, rules)
    assert groups.list() == []


def test_the_eleventh_group_is_beyond_the_quota(session: Session) -> None:
    groups = nova(session, "2.64").server_groups
    for n in range(10):
        groups.create(f"g{n}", "affinity")
    with pytest.raises(exceptions.Forbidden, match="10 groups") as caught:
        groups.create("one more", "affinity")
    assert caught.value.code == 403


@pytest.mark.parametrize("version", ["2.105", "2.999"])
def test_a_version_beyond_the_range_is_not_acceptable(
    session: Session, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        novaclient, "API_MAX_VERSION", APIVersion("2.999")
    )  # it knows of none above 2.96 itself
    with pytest.raises(exceptions.NotAcceptable, match=r"Minimum is 2\.1 and maximum is 2\.104"):
        nova(session, version).server_groups.list()


def test_the_client_finds_out_which_versions_there_are(session: Session) -> None:
    versions = nova(session, "2").versions
    current = versions.get_current()
    assert (current.id, current.status, current.version, current.min_version) == (
        "v2.1",
        "CURRENT",
        "2.104",
        "2.1",
    )
    assert [version.id for version in versions.list()] == ["v2.1"]


def test_a_group_that_nova_cannot_express_is_seen_and_removed(
    session: Session, server: str, project: str
) -> None:
    policies = ["affinity", {"kind": "anti-affinity", "weight": 5}]
    body = {"group": {"name": "web", "policies": policies}}
    answer = httpx.post(f"{server}/v1.0/{project}/groups", json=body)
    assert answer.status_code == 201
    assert nova(session, "2.1").server_groups.find(name="web").policies == []
    groups = nova(session, "2.64").server_groups
    found = groups.find(name="web")
    assert (found.id, found.policy, found.rules) == (answer.json()["group"]["id"], None, {})
    groups.delete(found.id)
    assert groups.list() == []
