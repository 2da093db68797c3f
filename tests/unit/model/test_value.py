"""Constructors say what is wrong; copies keep nothing that follows from other fields."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from groupsolver import (
    AntiAffinity,
    Application,
    BadInput,
    Fleet,
    Group,
    GroupsolverError,
    Host,
    Inventory,
    Members,
    Spread,
)
from groupsolver.files import parse_application, parse_fleet

NO_HOSTS: list[Host] = []
BAD_FLEETS: list[dict[str, Any]] = [
    {},
    {"hosts": []},
    {"hosts": [{"name": "a", "used": {"VCPU": -1}}, {"nam": "b"}]},
    {"hosts": [{"name": "a"}, {"name": "a"}], "levels": ["host"]},
    {"hosts": [{"name": "a", "domains": {"zone": "z"}}]},
]
BAD_APPLICATIONS: list[dict[str, Any]] = [
    {},
    {"groups": [{"name": "A", "policies": ["anti-afinity", {"kind": "spread"}]}]},
    {"groups": [{"name": "A/B", "members": [{"resources": {"VCPU": 1}, "count": 0}]}]},
    {"groups": [{"name": "A", "groups": ["A"], "members": [{"flavor": "x"}]}]},
]


@pytest.mark.parametrize("document", BAD_FLEETS)
def test_a_fleets_constructor_says_what_its_file_says(document: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as of_file:
        parse_fleet(document)
    with pytest.raises(BadInput) as of_constructor:
        Fleet(**document)
    assert of_constructor.value.faults == of_file.value.faults
    assert str(of_constructor.value) == "\n".join(map(str, of_file.value.faults))


@pytest.mark.parametrize("document", BAD_APPLICATIONS)
def test_an_applications_constructor_says_what_its_file_says(document: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as of_file:
        parse_application(document)
    with pytest.raises(BadInput) as of_constructor:
        Application(**document)
    assert of_constructor.value.faults == of_file.value.faults


@pytest.mark.parametrize(
    ("make", "lines"),
    [
        (
            lambda: Host(name="h", used={"VCPU": -1}, traits=["ssd"]),
            [
                "used.VCPU: expected at least 0, found -1 [out-of-range]",
                (
                    "traits[0]: expected a name of capitals, digits and underscores, such as VCPU "
                    "or CUSTOM_GPU, found 'ssd' [ill-formed-name]"
                ),
            ],
        ),
        (
            lambda: Inventory(total=1, reserved=2),
            ["expected reserved to be at most total [out-of-range]"],
        ),
        (
            lambda: AntiAffinity(max_per_domain=0),
            ["max_per_domain: expected at least 1, found 0 [out-of-range]"],
        ),
        (
            lambda: Members(flavor="a", resources={}),
            ["expected flavor or resources, not both [wrong-value]"],
        ),
        (
            lambda: Fleet(hosts=[Host(name="a"), {"name": "b", "cost": "1"}]),
            ["hosts[1].cost: expected an integer, found '1' [wrong-type]"],
        ),
        (
            lambda: Group(name="A", policies=[Spread(level="zone", min_domains=1), "spred"]),
            ["policies[1]: unknown policy 'spred' (did you mean 'spread'?)"],
        ),
        (
            lambda: Fleet(hosts=iter(NO_HOSTS)),  # nothing that has a length
            ["hosts: expected at least 1 in this list, found a value of type list_iterator"],
        ),
    ],
)
def test_a_constructor_says_all_its_faults(make: Callable[[], object], lines: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        make()
    said = str(caught.value).splitlines()
    assert len(said) == len(lines)
    assert all(one.startswith(expected) for one, expected in zip(said, lines, strict=True)), said
    assert isinstance(caught.value, GroupsolverError)


def test_validation_within_pydantic_stays_pydantics() -> None:
    for kind in (Host, Fleet, Application, Spread):
        with pytest.raises(ValidationError):
            kind.model_validate({"name": 1})


def test_fields_are_given_by_name() -> None:
    with pytest.raises(TypeError, match=r"Host: expected fields by name .* got str 'h1'"):
        Host("h1")  # type: ignore[call-arg]


def test_values_and_errors_are_copied_and_pickled() -> None:
    host = Host(name="h", inventory={"VCPU": 8}, metadata={"rack unit": 4})
    assert pickle.loads(pickle.dumps(host)) == host
    assert copy.deepcopy(host) == host
    with pytest.raises(BadInput) as caught:
        Fleet(hosts=[], levels=["host"])
    for again in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert (str(again), again.faults) == (str(caught.value), caught.value.faults)


def test_a_copy_with_another_total_has_another_capacity() -> None:
    stock = Inventory(total=8)
    assert stock.capacity == 8
    # 8 was kept with the value; the copy must not take it over.
    assert stock.model_copy(update={"total": 16}).capacity == 16
    assert stock.model_copy().capacity == 8


def test_what_is_validated_anew_is_what_the_constructor_makes() -> None:
    host = Host(name="h", inventory={"VCPU": 8})
    changed = host.model_copy(update={"traits": ["A"], "inventory": {"VCPU": 4}})
    made = Host(name="h", inventory={"VCPU": 4}, traits=("A",))
    assert changed.revalidated() == made
    with pytest.raises(BadInput, match=r"used\.VCPU: expected at least 0, found -5"):
        host.model_copy(update={"used": {"VCPU": -5}}).revalidated()
