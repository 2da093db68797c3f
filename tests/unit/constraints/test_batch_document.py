"""The file of a batch."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import BadInput
from groupsolver.constraints.batch_document import BatchDocument
from groupsolver.files import load_batch, parse_batch

SMALL = {"s": {"resources": {"VCPU": 1}}}


def one(name: str = "a", **more: Any) -> dict[str, Any]:
    groups = [{"name": "web", "members": [{"flavor": "s"}]}]
    return {"name": name, "groups": groups, **more}


def faults(data: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as error:
        parse_batch(data)
    return [(fault.code, fault.path) for fault in error.value.faults]


def test_applications_take_shared_flavors_and_their_own_first() -> None:
    own = {"s": {"resources": {"VCPU": 2}}}
    shared = {**SMALL, "unused": {"resources": {"VCPU": 9}}}
    batch = parse_batch({"flavors": shared, "applications": [one(), one("b", flavors=own)]})
    a, b = batch.applications
    assert (list(a.flavors), a.flavors["s"].resources) == (["s"], {"VCPU": 1})
    assert b.flavors["s"].resources == {"VCPU": 2}


def test_a_value_is_optional() -> None:
    batch = parse_batch({"flavors": SMALL, "applications": [one(value=7), one("b")]})
    assert [app.value for app in batch.applications] == [7, None]
    assert BatchDocument.model_validate(batch.document()) == batch


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"applications": []}, ("out-of-range", "applications")),
        (
            {"applications": [one()]},
            ("unknown-flavor", "applications[0].groups[0].members[0].flavor"),
        ),
        (
            {"flavors": SMALL, "applications": [one(), one()]},
            ("duplicate-name", "applications[1].name"),
        ),
        (
            {"flavors": SMALL, "applications": [one("a:b")]},
            ("ill-formed-name", "applications[0].name"),
        ),
        (
            {"flavors": SMALL, "applications": [one(value=0)]},
            ("out-of-range", "applications[0].value"),
        ),
        (
            {"flavors": SMALL, "applications": [{"groups": one()["groups"]}]},
            ("missing-key", "applications[0].name"),
        ),
        ({"groups": []}, ("wrong-value", "")),
        ([], ("wrong-type", "")),
    ],
)
def test_faults_say_where(data: Any, expected: tuple[str, str]) -> None:
    assert faults(data) == [expected]


def test_a_faulty_shared_flavor_is_one_fault() -> None:
    data = {"flavors": {"s": {"resources": {"VCPU": -1}}}, "applications": [one(), one("b")]}
    assert faults(data) == [("out-of-range", "flavors.s.resources.VCPU")]


def test_a_group_name_has_no_colon() -> None:
    groups = [{"name": "x:y", "members": [{"flavor": "s"}]}]
    data = {"flavors": SMALL, "applications": [one(groups=groups)]}
    assert faults(data) == [("ill-formed-name", "applications[0].groups[0].name")]


def test_a_file_is_read(tmp_path: Any) -> None:
    path = tmp_path / "batch.yaml"
    path.write_text(
        "flavors: {s: {resources: {VCPU: 1}}}\n"
        "applications:\n- {name: a, groups: [{name: web, members: [{flavor: s}]}]}\n"
    )
    assert load_batch(path).applications[0].name == "a"
