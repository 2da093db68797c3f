"""What a failing law prints: the smallest documents that still fail."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.support.minimal_documents import case_of, fails_with, minimal, recording, redrawn

HOSTS = [{"name": f"h{i}", "inventory": {"VCPU": i}, "traits": ["SSD"]} for i in range(4)]
GROUPS = [
    {"name": "A", "members": [{"count": 2}], "policies": [{"kind": "near", "group": "B"}]},
    {"name": "B", "members": [{"count": 1}]},
    {"name": "P", "groups": ["A", "B"]},
]


def test_only_what_the_failure_needs_is_left() -> None:
    def fails(case: Any) -> bool:
        app, fleet = case
        groups = {group.get("name") for group in app.get("groups", [])}
        return "A" in groups and any(
            host.get("inventory", {}).get("VCPU") == 2 for host in fleet.get("hosts", [])
        )

    app, fleet = minimal(({"flavors": {}, "groups": GROUPS}, {"hosts": HOSTS}), fails)
    assert app == {"groups": [{"name": "A"}]}
    assert fleet == {"hosts": [{"inventory": {"VCPU": 2}}]}


def test_a_group_goes_with_what_names_it() -> None:
    seen: list[Any] = []

    def fails(case: Any) -> bool:
        seen.append(case[0])
        return False

    minimal(({"groups": GROUPS, "existing": [{"group": "B", "id": "x"}]}, {}), fails)
    without_b = [
        app for app in seen if [group.get("name") for group in app.get("groups", [])] == ["A", "P"]
    ]
    assert without_b[0]["groups"][0]["policies"] == []
    assert without_b[0]["groups"][1]["groups"] == ["A"]
    assert without_b[0]["existing"] == []


def one_group(rnd: Random) -> Any:
    return {"groups": [{"name": str(rnd.randint(0, 9))}], "name": "x"}, {}


def test_a_law_is_run_again_on_smaller_cases_with_the_same_draws_after_them() -> None:
    later: list[int] = []

    def law() -> None:
        rnd = Random(7)
        app, _ = case_of(rnd, one_group)
        later.append(rnd.randint(0, 10**6))
        assert "groups" not in app

    with recording() as recorded, pytest.raises(AssertionError):
        law()
    case, state = redrawn(*recorded[0])
    small = minimal(case, lambda smaller: fails_with(smaller, state, law))
    assert small == ({"groups": []}, {})
    assert len(set(later)) == 1


def test_a_case_that_is_refused_is_no_failure() -> None:
    def law() -> None:
        raise ValueError("bad input")

    assert not fails_with(({}, {}), Random(0).getstate(), law)


def test_a_law_that_draws_many_cases_is_judged_by_the_one_that_is_replayed() -> None:
    def law() -> None:
        for seed in range(3):
            case_of(Random(seed), one_group)
        raise AssertionError("too few of all cases are odd")

    assert not fails_with(({}, {}), Random(0).getstate(), law)


def test_a_law_that_raises_something_else_than_before_does_not_fail_as_before() -> None:
    def law() -> None:
        raise LookupError("no such group")

    state = Random(0).getstate()
    assert not fails_with(({}, {}), state, law)
    assert fails_with(({}, {}), state, law, (LookupError,))
