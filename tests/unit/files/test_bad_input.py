"""Bad input: every fault of a value is named with its place and what was expected."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from time import perf_counter
from typing import Any

import pytest

from groupsolver import BadInput, check
from groupsolver.errors import MAX_FAULTS_SHOWN, nearest
from groupsolver.files import parse_application, parse_fleet, parse_result
from tests.support.documents import APP, FLEET, RESULT, copy, put
from tests.support.faults import Place, app_with, fault, faults, fleet_with

Parse = Callable[[Any], Any]


# Keys.


def test_an_unknown_key_is_named_with_the_nearest_known_one() -> None:
    code, path, message = app_with(["groups", 0, "memebrs"], [])
    assert (code, path) == ("unknown-key", "groups[0].memebrs")
    assert "unknown key 'memebrs' (did you mean 'members'?)" in message
    assert "expected one of: name, policies, members, groups" in message


@pytest.mark.parametrize(
    ("parse", "document", "path", "shown"),
    [
        (parse_fleet, FLEET, ["racks"], "racks"),
        (parse_fleet, FLEET, ["hosts", 1, "disabled"], "hosts[1].disabled"),
        (
            parse_fleet,
            FLEET,
            ["hosts", 0, "inventory", "VCPU", "ratio"],
            "hosts[0].inventory.VCPU.ratio",
        ),
        (parse_fleet, FLEET, ["links", 0, "speed"], "links[0].speed"),
        (parse_application, APP, ["flavors", "m1.small", "cpu"], 'flavors["m1.small"].cpu'),
        (
            parse_application,
            APP,
            ["groups", 1, "policies", 0, "levels"],
            "groups[1].policies[0].levels",
        ),
        (parse_application, APP, ["groups", 1, "members", 0, "size"], "groups[1].members[0].size"),
        (parse_application, APP, ["existing", 0, "node"], "existing[0].node"),
        (parse_application, APP, ["Metadata"], "Metadata"),
        (parse_result, RESULT, ["placements"], "placements"),
    ],
)
def test_an_unknown_key_is_an_error_in_every_object(
    parse: Parse, document: Any, path: Place, shown: str
) -> None:
    assert fault(parse, put(document, path, 1))[:2] == ("unknown-key", shown)


def test_all_faults_are_told_at_once_in_the_order_of_the_document() -> None:
    document = {
        "groups": [
            {
                "members": [{"count": 1.5, "cuont": 2, "flavor": "tiny"}],
                "name": "a/b",
                "policies": ["spread", {"kind": "near", "gruop": "x", "weight": 0}],
            }
        ],
        "nmae": 1,
        "flavors": {"tiny": {"resources": {"VCPU": -1}}, "big": {}},
    }
    assert [(found.code, found.path) for found in faults(parse_application, document)] == [
        ("wrong-type", "groups[0].members[0].count"),
        ("unknown-key", "groups[0].members[0].cuont"),
        ("ill-formed-name", "groups[0].name"),
        ("missing-key", "groups[0].policies[0].level"),
        ("unknown-key", "groups[0].policies[1].gruop"),
        ("out-of-range", "groups[0].policies[1].weight"),
        ("unknown-key", "nmae"),
        ("out-of-range", "flavors.tiny.resources.VCPU"),
        ("missing-key", "flavors.big.resources"),
    ]


def test_a_message_has_the_first_faults_and_the_number_of_the_others() -> None:
    document = {"hosts": [{"name": f"h{i}", "enabled": 1} for i in range(MAX_FAULTS_SHOWN + 7)]}
    with pytest.raises(BadInput) as caught:
        parse_fleet(document, "fleet.json")
    assert len(caught.value.faults) == MAX_FAULTS_SHOWN + 7
    lines = str(caught.value).splitlines()
    assert lines[0] == "fleet.json: hosts[0].enabled: expected true or false, found 1 [wrong-type]"
    assert lines[-1] == "... and 7 more"
    assert len(lines) == MAX_FAULTS_SHOWN + 1


def test_many_faults_are_told_in_a_time_that_grows_with_their_number() -> None:
    flavors: dict[str, Any] = {
        f"f{i}": {"resource": {}} for i in range(20_000)
    }  # squared, this would take minutes
    start = perf_counter()
    faults(parse_application, {"flavors": flavors, "groups": []})
    assert perf_counter() - start < 20


# Names.


def test_an_unknown_flavor_is_named_with_the_nearest_known_one() -> None:
    code, path, message = app_with(["groups", 0, "members", 0, "flavor"], "tinny")
    assert (code, path) == ("unknown-flavor", "groups[0].members[0].flavor")
    assert message == "unknown flavor 'tinny' (did you mean 'tiny'?)"
    assert app_with(["existing", 0, "flavor"], "m1.smal")[:2] == (
        "unknown-flavor",
        "existing[0].flavor",
    )


def test_an_unknown_group_is_named_with_the_nearest_known_one() -> None:
    code, path, message = app_with(["groups", 1, "policies", 2, "group"], "lb")
    assert (code, path) == ("unknown-group", "groups[1].policies[2].group")
    assert message == "unknown group 'lb' (did you mean 'LB'?)"
    assert app_with(["groups", 2, "groups", 1], "DBs")[:2] == (
        "unknown-group",
        "groups[2].groups[1]",
    )
    assert app_with(["existing", 0, "group"], "LBs")[:2] == ("unknown-group", "existing[0].group")


def test_an_unknown_policy_is_named_with_the_nearest_known_one() -> None:
    for policy in ("afinity", {"kind": "afinity"}):
        code, path, message = app_with(["groups", 0, "policies", 0], policy)
        assert (code, path) == ("unknown-policy", "groups[0].policies[0]")
        assert (
            "unknown policy 'afinity' (did you mean 'affinity'?); expected one of: anti-affinity, "
            in message
        )


def test_an_unknown_level_is_named_with_the_nearest_known_one() -> None:
    code, path, message = fleet_with(["hosts", 1, "domains"], {"zon": "z1"})
    assert (code, path) == ("unknown-level", "hosts[1].domains.zon")
    assert "unknown level 'zon' (did you mean 'zone'?)" in message
    app = parse_application(put(APP, ["groups", 1, "policies", 0, "level"], "rak"))
    code, path, message = fault(check, app, parse_fleet(FLEET), {})
    assert (code, path) == ("unknown-level", "groups[1].policies[0].level")
    assert "unknown level 'rak' (did you mean 'rack'?); known: host, zone, rack" in message


def test_an_existing_member_on_an_unknown_host_is_an_error() -> None:
    app = parse_application(put(APP, ["existing", 0, "host"], "h11"))
    code, path, message = fault(check, app, parse_fleet(FLEET), {})
    assert (code, path) == ("unknown-host", "existing[0].host")
    assert "unknown host 'h11' (did you mean 'h1'?)" in message


def test_a_placement_that_names_what_is_not_there_is_an_error() -> None:
    app, fleet = parse_application(APP), parse_fleet(FLEET)
    assert fault(check, app, fleet, {"LB/00": "h1"})[0] == "unknown-member"
    assert fault(check, app, fleet, {"LB/0": "h12"})[0] == "unknown-host"
    assert fault(check, app, fleet, {"LB/7": "h2"})[0] == "moved-member"


def test_duplicate_names_are_errors() -> None:
    assert fleet_with(["hosts", 1, "name"], "h1")[:2] == ("duplicate-name", "hosts[1].name")
    assert fleet_with(["levels"], ["zone", "rack", "zone"])[:2] == ("duplicate-name", "levels[2]")
    assert app_with(["groups"], [*APP["groups"], {"name": "LB"}])[:2] == (
        "duplicate-name",
        "groups[3].name",
    )
    assert app_with(["groups", 1, "members", 0, "id"], "LB/0")[:2] == (
        "duplicate-name",
        "groups[1].members",
    )
    assert app_with(["groups", 2, "groups"], ["LB", "DB", "LB"])[:2] == (
        "duplicate-name",
        "groups[2].groups[2]",
    )
    assert app_with(["existing"], APP["existing"] * 2)[:2] == ("duplicate-name", "existing[1].id")
    assert app_with(["existing", 0, "id"], "primary")[:2] == ("duplicate-name", "existing[0].id")


def test_a_level_called_host_is_an_error() -> None:
    assert fleet_with(["levels"], ["zone", "rack", "host"])[:2] == ("reserved-name", "levels[2]")


def test_a_link_to_a_name_of_two_levels_is_an_error() -> None:
    document = put(FLEET, ["hosts", 1, "domains"], {"zone": "r1"})
    assert fault(parse_fleet, document)[:2] == ("ambiguous-name", "links[0].between[0]")


@pytest.mark.parametrize(
    ("parse", "document", "path", "value"),
    [
        (parse_fleet, FLEET, ["hosts", 0, "name"], ""),
        (parse_fleet, FLEET, ["hosts", 0, "name"], "a\nb"),
        (parse_fleet, FLEET, ["hosts", 0, "name"], "x" * 256),
        (parse_fleet, FLEET, ["hosts", 0, "traits", 0], "ssd"),
        (parse_fleet, FLEET, ["hosts", 0, "used"], {"vcpu": 1}),
        (parse_fleet, FLEET, ["levels", 0], "\x1b[31m"),
        (parse_application, APP, ["groups", 0, "name"], "a/b"),
        (parse_application, APP, ["groups", 1, "policies", 1, "required"], ["storage-ssd"]),
        (parse_application, APP, ["flavors", "tiny", "resources"], {"CPU-S": 1}),
        (parse_application, APP, ["existing", 0, "id"], "\u0000"),
    ],
)
def test_an_ill_formed_name_is_an_error(
    parse: Parse, document: Any, path: Place, value: Any
) -> None:
    assert fault(parse, put(document, path, value))[0] == "ill-formed-name"


def test_text_of_the_input_never_leaves_its_line_in_a_message() -> None:
    document = put(APP, ["existing", 0, "host"], "a\u2028b\u009b31m\u202e")
    (found,) = faults(check, parse_application(document), parse_fleet(FLEET), {})
    assert r"a\u2028b\x9b31m\u202e" in found.message
    (found,) = faults(parse_application, put(APP, ["groups\n\x1b"], 1))
    assert found.path == r'["groups\n\x1b"]'
    assert (
        len(faults(parse_application, put(APP, ["groups", 0, "name"], "/" * 10**6))[0].message)
        < 300
    )
    assert len(faults(parse_application, put(APP, ["k" * 10**6], 1))[0].path) < 100


# Groups and policies.


def test_a_group_nested_in_itself_is_an_error() -> None:
    code, path, message = app_with(["groups", 0, "groups"], ["tier"])
    assert (code, path) == ("nested-in-itself", "groups[0].groups")
    assert message.endswith("LB > tier > LB")
    assert app_with(["groups", 0, "groups"], ["LB"])[0] == "nested-in-itself"


@pytest.mark.parametrize("document", [{}, {"groups": []}, {"groups": [{"name": "a"}]}])
def test_an_empty_application_is_an_error(document: dict[str, Any]) -> None:
    assert fault(parse_application, document)[:2] == ("empty-application", "groups")


def test_a_policy_twice_is_an_error() -> None:
    for policies in (
        ["anti-affinity", {"kind": "anti-affinity", "max_per_domain": 1}],
        ["soft-anti-affinity", {"kind": "anti-affinity", "weight": 7}],
    ):
        assert app_with(["groups", 0, "policies"], policies)[:2] == (
            "repeated-policy",
            "groups[0].policies[1]",
        )
    parse_application(put(APP, ["groups", 0, "policies"], ["anti-affinity", "soft-anti-affinity"]))


def test_a_policy_that_names_a_related_group_is_an_error() -> None:
    for group, target in ((0, "LB"), (0, "tier"), (2, "DB")):
        document = put(APP, ["groups", group, "policies"], [{"kind": "near", "group": target}])
        code, path, _ = fault(check, parse_application(document), parse_fleet(FLEET), {})
        assert (code, path) == ("related-group", f"groups[{group}].policies[0].group")


@pytest.mark.parametrize(
    ("policy", "code", "path"),
    [
        ("spread", "missing-key", "groups[0].policies[0].level"),
        ({"kind": "spread", "level": "zone"}, "missing-key", "groups[0].policies[0]"),
        ({"kind": "within"}, "missing-key", "groups[0].policies[0]"),
        ({"level": "zone"}, "missing-key", "groups[0].policies[0]"),
        ({"kind": "anti-affinity", "weight": 0}, "out-of-range", "groups[0].policies[0].weight"),
        ({"kind": "anti-affinity", "weight": 1.5}, "wrong-type", "groups[0].policies[0].weight"),
        ({"kind": "exclusive", "scope": "galaxy"}, "wrong-value", "groups[0].policies[0].scope"),
        ({"kind": ["spread"]}, "unknown-policy", "groups[0].policies[0]"),
        (7, "wrong-type", "groups[0].policies[0]"),
        (None, "wrong-type", "groups[0].policies[0]"),
    ],
)
def test_a_policy_that_lacks_something_is_an_error(policy: Any, code: str, path: str) -> None:
    assert app_with(["groups", 0, "policies"], [policy])[:2] == (code, path)


def test_members_have_one_size_and_one_id() -> None:
    member: Place = ["groups", 0, "members", 0]
    assert app_with(member, {"flavor": "tiny", "resources": {}})[:2] == (
        "wrong-value",
        "groups[0].members[0]",
    )
    assert app_with(member, {"count": 2})[:2] == ("missing-key", "groups[0].members[0]")
    assert app_with(member, {"flavor": "tiny", "count": 2, "id": "a"})[0] == "wrong-value"


# Shapes.


@pytest.mark.parametrize("parse", [parse_fleet, parse_application, parse_result])
@pytest.mark.parametrize("data", [None, [], "text", 7, 1.5, True, date(2024, 1, 1), b"", object()])
def test_a_document_that_is_no_mapping_is_an_error(parse: Parse, data: Any) -> None:
    assert fault(parse, data)[:2] == ("wrong-type", "")


def test_values_of_the_wrong_shape_are_errors() -> None:
    assert fleet_with(["hosts"], {})[2] == "expected a list, found an empty mapping"
    assert fleet_with(["hosts"], [])[:2] == ("out-of-range", "hosts")
    assert fleet_with(["links", 0, "between"], ["a"])[:2] == ("missing-key", "links[0].between[1]")
    assert fleet_with(["links", 0, "between"], ["a", "b", "c"])[0] == "out-of-range"
    assert fleet_with(["version"], 2)[0] == "wrong-value"
    assert fleet_with(["hosts", 0, "name"], 12)[2] == "expected text, found 12; put it in quotes"
    assert app_with(["groups", 0, "policies"], None)[2] == "expected a list, found null"
    document = copy(FLEET)
    document["hosts"][0]["name"] = date(2024, 1, 1)
    assert fault(parse_fleet, document)[2] == "expected text, found a value of type date"


def test_the_nearest_name_is_found_among_many() -> None:
    assert nearest("h09999", [f"h{i:05d}" for i in range(2000)] + ["h9999x"]) != ""
