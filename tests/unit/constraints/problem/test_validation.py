"""Names in the fields of policies, looked up in a fleet; and what makes two policies the same."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from groupsolver import Application, BadInput, Spread, compile_fleet
from groupsolver.constraints.policies.within import Within
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.validation import levels_named, references
from groupsolver.errors import GroupsolverError
from groupsolver.files import parse_application
from groupsolver.model.application import Application as AnyApplication
from groupsolver.model.application import BasePolicy, Group, Members
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.value import DomainName, LevelName
from tests.support.small import fleet, group, host


class Home(BasePolicy):
    """Its members have a home: a domain of its level."""

    kind: Literal["home"] = "home"
    level: LevelName | None = None
    domain: DomainName | None = None
    domains: tuple[DomainName, ...] = ()


def hosts() -> HostIndex:
    three = [host(f"h{i}", domains={"zone": f"z{i}", "rack": f"rack{i}"}) for i in (1, 2, 3)]
    return compile_fleet(fleet(*three, levels=("zone", "rack"))).index


def warnings(policy: Home) -> tuple[str, ...]:
    one = Group[BasePolicy].model_construct(
        name="A", policies=(policy,), members=(Members(resources={"VCPU": 1}),), groups=()
    )
    asked = AnyApplication[BasePolicy].model_construct(groups=(one,), existing=(), flavors={})
    return Problem(asked, hosts()).warnings


def test_a_domain_in_a_plain_field_is_looked_up_at_the_level_of_its_policy() -> None:
    (warning,) = warnings(Home(level="rack", domain="rack4"))
    assert warning.startswith("groups[0].policies[0].domain: rack has no domain 'rack4'")
    assert "rack1" in warning or "rack2" in warning or "rack3" in warning
    assert warnings(Home(level="rack", domain="rack3")) == ()
    # z1 is known, as a zone: no rack is called so.
    assert len(warnings(Home(level="rack", domain="z1"))) == 1


def test_domains_in_a_list_are_looked_up_one_by_one() -> None:
    (warning,) = warnings(Home(level="zone", domains=("z1", "z9")))
    assert warning.startswith("groups[0].policies[0].domains[1]: zone has no domain 'z9'")


def test_a_domain_of_a_policy_without_a_level_may_be_of_any() -> None:
    assert warnings(Home(domain="z1")) == warnings(Home(domain="rack2")) == ()
    (warning,) = warnings(Home(domain="nowhere"))
    assert warning.startswith("groups[0].policies[0].domain: no domain is called 'nowhere'")


def test_of_an_unknown_level_its_domains_are_not_said_to_be_missing_too() -> None:
    with pytest.raises(GroupsolverError) as caught:
        warnings(Home(level="row", domain="r1"))
    assert isinstance(caught.value, BadInput)
    assert [fault.code for fault in caught.value.faults] == ["unknown-level"]


def test_every_name_of_a_policy_is_referred_to_by_what_it_is() -> None:
    policy = Within(hosts=("h1",), domains={"zone": ("z1", "z2")})
    assert [tuple(one) for one in references(policy)] == [
        ("host", "hosts[0]", "h1"),
        ("level", "domains.zone", "zone"),
        ("domain:zone", "domains.zone[0]", "z1"),
        ("domain:zone", "domains.zone[1]", "z2"),
    ]
    assert levels_named(policy) == {"zone"}


def policies(*documents: Any) -> Application:
    return parse_application({"groups": [group("A", 1, *documents), group("B", 1)]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"kind": "anti-affinity", "level": "rack"}, {"max_per_domain": 2}),
        ({"kind": "near", "group": "B", "level": "rack"}, {"level": "zone"}),
        ({"kind": "bandwidth", "mbps": 1}, {"mbps": 2}),
        ({"kind": "affinity"}, {"weight": 1}),
        ({"kind": "host-capabilities", "required": ["SSD"]}, {"required": ["GPU"]}),
    ],
    ids=lambda document: str(document.get("kind", "")),
)
def test_policies_of_one_kind_that_differ_in_any_field_may_be_side_by_side(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert len(policies(one, {**one, **other}).groups[0].policies) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {"level": "host"}),  # the default, once in words and once not
        ({}, {"x-note": "why"}),  # free keys have no meaning
        ({"weight": 1}, {"weight": 2}),
        ({"weight": 1, "priority": 0}, {"weight": 1}),
        ({"max_per_domain": 2}, {"max_per_domain": 2}),
    ],
)
def test_policies_that_agree_in_all_but_softness_are_the_same_twice(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    with pytest.raises(BadInput) as caught:
        policies({"kind": "anti-affinity", **one}, {"kind": "anti-affinity", **other})
    (fault,) = caught.value.faults
    assert (fault.code, fault.path) == ("repeated-policy", "groups[0].policies[1]")
    assert "policies[0] says the same" in fault.message


def test_a_domain_of_the_level_host_is_a_host_wherever_it_is_named() -> None:
    # What names hosts needs a role over HTTP, in whatever field.
    shares = Spread(level="host", share={"h1": 50}, at_most={"h2": 10})
    assert [tuple(one) for one in references(shares)] == [
        ("level", "level", "host"),
        ("host", "share.h1", "h1"),
        ("host", "at_most.h2", "h2"),
    ]
    places = Within(domains={"host": ("h1",)})
    assert ("host", "domains.host[0]", "h1") in [tuple(one) for one in references(places)]
    zones = Spread(level="zone", share={"z1": 50})
    assert ("domain:zone", "share.z1", "z1") in [tuple(one) for one in references(zones)]
