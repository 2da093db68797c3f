"""The body of a placement: its faults, and the instances that it asks for."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.api.services.placement_request import expanded, find_faults
from groupsolver.wire.bodies.placements import PlacementFields

FLAVORS = {"small": {"resources": {"VCPU": 1}}, "none": {"resources": {"VCPU": 0}}}
KEY = "00000001-0000-4000-8000-000000000000"


def fields(*instances: dict[str, Any], **more: Any) -> PlacementFields:
    data = {"flavors": FLAVORS, "instances": list(instances), **more}
    return PlacementFields.model_validate(data)


def faults(placement: PlacementFields, members: int = 10, seconds: float = 30) -> list[Any]:
    return [(fault.code, fault.path) for fault in find_faults(placement, members, seconds)]


def test_a_placement_within_the_limits_has_no_faults() -> None:
    assert faults(fields({"flavor": "small", "count": 10}, time_limit=30)) == []


def test_too_many_instances_are_the_only_fault() -> None:
    asked = fields({"flavor": "small", "count": 6}, {"flavor": "larg", "count": 5})
    assert faults(asked) == [("too-many-members", "placement.instances")]


@pytest.mark.parametrize(
    ("instance", "code", "path"),
    [
        ({"flavor": "smal"}, "unknown-flavor", "placement.instances[1].flavor"),
        ({"flavor": "none"}, "out-of-range", "placement.instances[1]"),
        ({"resources": {"VCPU": 0}}, "out-of-range", "placement.instances[1]"),
        (
            {"flavor": "small", "count": 2, "name": "n" * 254},
            "out-of-range",
            "placement.instances[1].name",
        ),
    ],
)
def test_a_fault_of_an_instance(instance: dict[str, Any], code: str, path: str) -> None:
    assert faults(fields({"flavor": "small"}, instance)) == [(code, path)]


def test_an_id_is_given_once() -> None:
    twice = fields(*[{"flavor": "small", "id": KEY}] * 2)
    assert faults(twice) == [("duplicate-name", "placement.instances[1].id")]


def test_the_time_limit_is_at_most_the_servers() -> None:
    assert faults(fields({"flavor": "small"}, time_limit=31)) == [
        ("out-of-range", "placement.time_limit")
    ]


def test_a_count_is_expanded_with_numbered_names_and_new_ids() -> None:
    asked = fields({"flavor": "small", "name": "web", "count": 3, "hints": {"group": KEY}})
    found = list(expanded(asked.instances[0], asked))
    assert [one.name for one in found] == ["web-1", "web-2", "web-3"]
    assert len({one.id for one in found}) == 3
    assert {one.group for one in found} == {KEY}
    assert found[0].resources == {"VCPU": 1}


def test_one_instance_keeps_its_name_and_id_and_loses_amounts_of_zero() -> None:
    asked = fields({"resources": {"VCPU": 2, "MEMORY_MB": 0}, "name": "db", "id": KEY})
    (found,) = expanded(asked.instances[0], asked)
    assert (found.id, found.name, found.group) == (KEY, "db", None)
    assert found.resources == {"VCPU": 2}
    unnamed = fields({"flavor": "small", "count": 2})
    assert [one.name for one in expanded(unnamed.instances[0], unnamed)] == [None, None]
