"""Nova's server groups: what a body asks for in each microversion, and how a group is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from groupsolver.api.http.errors import ApiError
from groupsolver.api.nova.microversion import Microversion
from groupsolver.api.nova.request_models import read_new_group
from groupsolver.api.nova.shape import nova_policy, server_group
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import POLICIES
from groupsolver.store.entities import StoredGroup
from groupsolver.wire.bodies.groups import GroupFields

ID, MEMBER, CHILD = (f"{n:08x}-0000-4000-8000-000000000000" for n in range(3))
V1, V13, V14, V15, V63, V64, V104 = (
    Microversion(2, minor) for minor in (1, 13, 14, 15, 63, 64, 104)
)


def request(body: bytes, content_type: str | None = "application/json") -> Request:
    return EnvironBuilder(method="POST", data=body, content_type=content_type).get_request()


def made(version: Microversion, **group: Any) -> GroupFields:
    return read_new_group(request(json.dumps({"server_group": group}).encode()), version)


def refused(version: Microversion, body: Any) -> str:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ApiError) as caught:
        read_new_group(request(data), version)
    assert caught.value.status == 400
    assert len(caught.value.detail) < 300
    return caught.value.detail


def stored(
    *policies: Policy, name: str | None = "web", groups: tuple[str, ...] = ()
) -> StoredGroup:
    return StoredGroup(ID, "shop", "ann", name, policies, {"a": "b"}, groups, (MEMBER,))


MEANINGS: list[tuple[str, Policy]] = [
    ("anti-affinity", AntiAffinity(level="host", max_per_domain=1)),
    ("affinity", Affinity(level="host")),
    ("soft-anti-affinity", AntiAffinity(level="host", max_per_domain=1, weight=1)),
    ("soft-affinity", Affinity(level="host", weight=1)),
]


@pytest.mark.parametrize(("name", "policy"), MEANINGS)
def test_each_policy_of_nova_has_a_meaning_here_and_is_shown_by_its_name(
    name: str, policy: Policy
) -> None:
    assert made(V15, name="web", policies=[name]) == GroupFields(name="web", policies=(policy,))
    assert made(V63, name="web", policies=[name]).policies == (policy,)
    assert made(V64, name="web", policy=name).policies == (policy,)
    assert nova_policy(stored(policy)) == (name, {})


def test_the_group_is_shown_as_each_microversion_has_it() -> None:
    group = stored(AntiAffinity())
    first = {
        "id": ID,
        "name": "web",
        "members": [MEMBER],
        "policies": ["anti-affinity"],
        "metadata": {},
    }
    owners = {"project_id": "shop", "user_id": "ann"}
    last = {"id": ID, "name": "web", "members": [MEMBER], "policy": "anti-affinity", "rules": {}}
    assert server_group(group, V1) == first
    assert server_group(group, Microversion(2, 12)) == first
    assert server_group(group, V13) == server_group(group, V63) == {**first, **owners}
    assert server_group(group, V64) == server_group(group, V104) == {**last, **owners}


@pytest.mark.parametrize(
    ("given", "most"), [(3, 3), ("3", 3), ("007", 7), (2**63 - 1, 2**63 - 1), (1, 1), ("1", 1)]
)
def test_max_server_per_host_is_read_as_number_or_digits_and_shown_as_number(
    given: object, most: int
) -> None:
    fields = made(V64, name="web", policy="anti-affinity", rules={"max_server_per_host": given})
    (policy,) = fields.policies
    assert isinstance(policy, AntiAffinity)
    assert (policy.level, policy.max_per_domain, policy.weight) == ("host", most, None)
    # As the store keeps it: a document, read again.
    kept = AntiAffinity.model_validate(json.loads(json.dumps(policy.document())))
    assert server_group(stored(kept), V64)["rules"] == {"max_server_per_host": most}
    assert server_group(stored(kept), V63)["policies"] == ["anti-affinity"]


def test_no_rules_are_no_rule() -> None:
    for policy in ("anti-affinity", "affinity", "soft-affinity"):
        assert made(V64, name="web", policy=policy, rules={}) == made(
            V64, name="web", policy=policy
        )


@pytest.mark.parametrize("policy", ["affinity", "soft-affinity", "soft-anti-affinity"])
def test_rules_need_anti_affinity(policy: str) -> None:
    body = {"server_group": {"name": "web", "policy": policy, "rules": {"max_server_per_host": 1}}}
    assert refused(V64, body) == "Only anti-affinity policy supports rules."


@pytest.mark.parametrize(
    "most",
    [
        0,
        -1,
        "0",
        "-1",
        "",
        "x",
        "3 ",
        "3\n",
        "٣",
        "1_0",
        1.5,
        "2.0",
        True,
        None,
        [3],
        2**63,
        "9" * 30,
        "9" * 5000,
    ],
)
def test_any_other_max_server_per_host_is_refused(most: object) -> None:
    body = {
        "server_group": {
            "name": "web",
            "policy": "anti-affinity",
            "rules": {"max_server_per_host": most},
        }
    }
    assert "server_group.rules.max_server_per_host" in refused(V64, body)


NOT_EXPRESSED: list[StoredGroup] = [
    stored(),
    stored(AntiAffinity(), Affinity(weight=1)),
    stored(AntiAffinity(level="rack")),
    stored(Affinity(level="rack")),
    stored(AntiAffinity(weight=2)),
    stored(Affinity(weight=2)),
    stored(AntiAffinity(weight=1, max_per_domain=2)),
    stored(NetworkProximity(level="host")),
    stored(Spread(level="host", min_domains=2)),
    stored(AntiAffinity(), groups=(CHILD,)),
]


@pytest.mark.parametrize("group", NOT_EXPRESSED)
def test_a_group_that_nova_cannot_express_is_shown_without_a_policy(group: StoredGroup) -> None:
    assert server_group(group, V1)["policies"] == []
    view = server_group(group, V64)
    assert (view["policy"], view["rules"]) == (None, {})
    assert view["members"] == [MEMBER]


def test_novas_policies_are_among_the_registered_ones() -> None:
    assert {policy.kind for _, policy in MEANINGS} <= set(POLICIES)


def test_a_group_without_a_name_is_shown_with_an_empty_one() -> None:
    # Nova's names are never null, and its typed clients could not read one that is.
    assert server_group(stored(name=None), V1)["name"] == ""


def test_keys_without_a_meaning_do_not_hide_a_policy() -> None:
    policy = AntiAffinity.model_validate({"x-note": "by hand"})
    assert nova_policy(stored(policy)) == ("anti-affinity", {})
    # Nor does the mark of a rule give one to a policy that has none.
    policies = made(
        V64, name="web", policy="anti-affinity", rules={"max_server_per_host": 1}
    ).policies
    marks = policies[0].model_extra or {}
    assert marks
    assert nova_policy(stored(Affinity.model_validate(marks))) == ("affinity", {})


@pytest.mark.parametrize("policy", ["soft-affinity", "soft-anti-affinity"])
def test_soft_policies_come_with_2_15(policy: str) -> None:
    body = {"server_group": {"name": "web", "policies": [policy]}}
    assert "server_group.policies[0]" in refused(V14, body)
    assert read_new_group(request(json.dumps(body).encode()), V15).policies


@pytest.mark.parametrize("version", [V1, V15])
@pytest.mark.parametrize(
    "group",
    [
        {},
        {"name": "web"},
        {"policies": ["affinity"]},
        {"name": "web", "policies": []},
        {"name": "web", "policies": ["affinity", "affinity"]},
        {"name": "web", "policies": ["affinity", "anti-affinity"]},
        {"name": "web", "policies": ["legacy"]},
        {"name": "web", "policies": ["spread"]},
        {"name": "web", "policies": [None]},
        {"name": "web", "policies": "affinity"},
        {"name": "web", "policies": {"affinity": 1}},
        {"name": "web", "policies": None},
        {"name": "web", "policy": "affinity"},
        {"name": "web", "policies": ["affinity"], "rules": {}},
        {"name": "web", "policies": ["affinity"], "metadata": {}},
        {"name": "web", "policies": ["affinity"], "x-note": ""},
        {"name": "web", "policies": ["affinity"], "id": ID},
    ],
)
def test_up_to_2_63_a_group_has_a_name_and_a_list_of_one_policy(
    version: Microversion, group: object
) -> None:
    assert "server_group" in refused(version, {"server_group": group})


@pytest.mark.parametrize(
    "group",
    [
        {"name": "web"},
        {"policy": "affinity"},
        {"name": "web", "policies": ["affinity"]},
        {"name": "web", "policy": ["affinity"]},
        {"name": "web", "policy": "legacy"},
        {"name": "web", "policy": None},
        {"name": "web", "policy": "affinity", "policies": ["affinity"]},
        {"name": "web", "policy": "affinity", "rules": None},
        {"name": "web", "policy": "affinity", "rules": []},
        {"name": "web", "policy": "anti-affinity", "rules": {"max_server_per_rack": 1}},
        {"name": "web", "policy": "anti-affinity", "rules": {"max_server_per_host": 1, "x": 1}},
    ],
)
def test_from_2_64_a_group_has_a_name_a_policy_and_perhaps_rules(group: object) -> None:
    assert "server_group" in refused(V64, {"server_group": group})


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        " web",
        "web ",
        "web\u00a0",
        "a" * 256,
        "a\tb",
        "a\nb",
        "a\u200bb",
        "a\u2028b",
        "a\ud800",
        None,
        7,
        ["web"],
    ],
)
def test_a_name_that_nova_refuses_is_refused(name: object) -> None:
    for version, policy in ((V1, {"policies": ["affinity"]}), (V64, {"policy": "affinity"})):
        refused(version, {"server_group": {"name": name, **policy}})


@pytest.mark.parametrize(
    "name", ["a", "a" * 255, "web servers", "Größe", "組", "a/b", "<&>'\"", "🐌"]
)
def test_any_printable_name_is_taken(name: str) -> None:
    assert made(V1, name=name, policies=["affinity"]).name == name


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"server_group": ' * 50_000,
        b'{"server_group": NaN}',
        b'{"server_group": {"name": "web", "name": "web", "policies": ["affinity"]}}',
        b"1" * 5000,
        {},
        {"server_group": None},
        {"server_group": []},
        {"server_groups": {"name": "web", "policies": ["affinity"]}},
        {"server_group": {"name": "web", "policies": ["affinity"]}, "more": 1},
    ],
)
def test_what_is_no_body_is_bad_input(body: Any) -> None:
    refused(V1, body)


GOOD = b'{"server_group": {"name": "web", "policies": ["affinity"]}}'


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "application/json",
        "application/json; charset=UTF-8",
        "Application/JSON",
        "application/vnd.openstack.compute+json",
    ],
)
def test_json_is_read_by_any_of_its_names(content_type: str | None) -> None:
    assert read_new_group(request(GOOD, content_type), V1).name == "web"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/xml",
        "text/plain",
        "application/x-www-form-urlencoded",
        "nonsense",
        "application/json; charset=latin1",
    ],
)
def test_nothing_else_than_json_is_read(content_type: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_new_group(request(GOOD, content_type), V1)
    assert caught.value.status == 415
