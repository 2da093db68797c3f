"""What a problem says for any number of members."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver.constraints.rules import rules_of
from groupsolver.solver.optional_members.relaxed_problem import relax_for_any_size
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem

HOSTS = fleet(host("h1", domains={"rack": "r1"}), host("h2"), levels=("rack",))


def relaxed(policy: dict[str, Any], at_least: int = 2) -> list[str]:
    of = app(group("A", 10, policy, at_least=at_least), group("B", 1))
    found = relax_for_any_size(compiled_problem(of, HOSTS))
    return [str(rule) for rule in rules_of(found.compiled.problem).all]


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "anti-affinity"},
        {"kind": "affinity"},
        {"kind": "spread", "level": "rack", "max_skew": 1},
        {"kind": "spread", "level": "rack", "min_domains": 2},  # there are two in any case
        {"kind": "near", "group": "B"},
        {"kind": "exclusive"},
        {"kind": "within", "hosts": ["h1"]},
    ],
    ids=str,
)
def test_most_policies_say_the_same(policy: dict[str, Any]) -> None:
    of = compiled_problem(app(group("A", 10, policy, at_least=2), group("B", 1)), HOSTS)
    found = relax_for_any_size(of)
    assert found.exact
    assert found.compiled is of


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        # Of ten members 30 % are three; of fewer no more.
        (
            {"kind": "anti-affinity", "max_percent": 30},
            ["no host holds more than 3 members of A"],
        ),
        # Two members cover two racks.
        (
            {"kind": "spread", "level": "rack", "min_domains": 4},
            ["members of A cover at least 2 racks"],
        ),
        ({"kind": "bandwidth", "mbps": 1}, []),
        ({"kind": "survives", "level": "host"}, []),
        ({"kind": "affinity", "weight": 1, "priority": 1}, []),
    ],
    ids=str,
)
def test_what_depends_on_the_number_is_said_for_the_easiest(
    policy: dict[str, Any], left: list[str]
) -> None:
    assert relaxed(policy) == left


def test_a_number_of_domains_that_no_member_need_cover_leaves_the_skew() -> None:
    policy = {"kind": "spread", "level": "rack", "min_domains": 2, "max_skew": 1}
    assert relaxed(policy, at_least=0) == ["members of A differ by at most 1 between racks"]
