"""Running members that what is in use does not cover are refused, everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from groupsolver import (
    Application,
    BadInput,
    Fleet,
    check,
    explain,
    headroom,
    solve,
    survives,
    why,
)
from tests.support.draws.covered import cover

CALLS: list[Callable[[Application, Fleet], object]] = [
    solve,
    explain,
    headroom,
    survives,
    lambda app, fleet: check(app, fleet, {}),
    lambda app, fleet: why(app, fleet, {}),
]
HALF = {"inventory": {"CUSTOM_GPU": 4}, "used": {"CUSTOM_GPU": 1}}


def fleet(used: dict[str, int]) -> dict[str, Any]:
    plain = {"name": "a", "inventory": {"VCPU": 8}, "used": used}
    with_cells = {"name": "b", "inventory": {"VCPU": 8}, "used": {"VCPU": 8}, "cells": [HALF, HALF]}
    return {"hosts": [plain, with_cells]}


def app(*existing: dict[str, Any]) -> dict[str, Any]:
    running = [{"group": "A", "id": f"old{i}", **there} for i, there in enumerate(existing)]
    group = {"name": "A", "members": []}
    return {"flavors": {"two": {"resources": {"VCPU": 2}}}, "groups": [group], "existing": running}


TWO = {"host": "a", "flavor": "two"}
THREE = {"host": "a", "resources": {"VCPU": 3}}
GPU = {"host": "b", "resources": {"CUSTOM_GPU": 1}}
REFUSED = [
    # 2 + 3 = 5 are told, 4 are in use.
    ({"VCPU": 4}, (TWO, THREE), "running members on host 'a' take 5 VCPU, and its used is 4;"),
    ({}, (TWO,), "the running members on host 'a' take 2 VCPU, and its used is 0;"),
    # Each cell has one GPU in use: two of one cell are not covered, nor three of both.
    ({}, ({**GPU, "cell": "0"},) * 2, "on cell '0' of host 'b' take 2 CUSTOM_GPU, and its used"),
    ({}, (GPU, GPU, GPU), "the running members on host 'b' take 3 CUSTOM_GPU, and its used is 2;"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("used", "existing", "message"), REFUSED)
def test_members_that_used_does_not_cover_are_refused(
    call: Callable[[Application, Fleet], object],
    used: dict[str, int],
    existing: tuple[dict[str, Any], ...],
    message: str,
) -> None:
    with pytest.raises(BadInput) as caught:
        call(Application(**app(*existing)), Fleet(**fleet(used)))
    (fault,) = caught.value.faults
    assert (fault.code, fault.path) == ("uncovered-member", "existing[0]")
    assert message in fault.message


@pytest.mark.parametrize(("used", "existing", "message"), REFUSED)
def test_covered_members_are_taken(
    used: dict[str, int], existing: tuple[dict[str, Any], ...], message: str
) -> None:
    covered, running = fleet(used), app(*existing)
    cover(covered, running)
    assert solve(Application(**running), Fleet(**covered)).status == "optimal", message


def test_members_without_a_size_need_no_cover() -> None:
    assert solve(Application(**app({"host": "a"})), Fleet(**fleet({}))).status == "optimal"


LEVELS: dict[str, Any] = {
    "levels": ["rack"],
    "hosts": [
        {"name": "a", "domains": {"rack": "r1"}, "inventory": {"VCPU": 8}},
        {"name": "b", "inventory": {"VCPU": 8}},
        {"name": "c", "inventory": {"VCPU": 8}},
    ],
}


def warnings(policy: dict[str, Any], **resources: int) -> tuple[str, ...]:
    members = [{"resources": resources or {"VCPU": 1}}]
    return solve(
        Application(groups=[{"name": "A", "policies": [policy], "members": members}]),
        Fleet(**LEVELS),
        explain=False,
    ).warnings


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "anti-affinity"},
        {"kind": "spread", "min_domains": 1},
        {"kind": "survives"},
    ],
)
def test_hosts_without_a_level_are_counted_in_a_warning(policy: dict[str, Any]) -> None:
    # b and c are in no rack.
    expected = "groups[0].policies[0]: 2 of 3 hosts are in no rack: members there are not counted"
    assert warnings({**policy, "level": "rack"}) == (expected,)
    assert warnings({**policy, "level": "host"}) == ()
    if policy["kind"] != "survives":
        assert warnings({**policy, "level": "rack", "weight": 1}) == ()


def test_who_asks_for_known_levels_is_not_warned() -> None:
    everywhere = {"level": "rack", "everywhere": True}
    assert warnings({"kind": "spread", "min_domains": 1, **everywhere}) == ()
    assert warnings({"kind": "anti-affinity", **everywhere}) == ()


def test_resource_classes_that_no_host_has_are_warned_of_with_the_nearest() -> None:
    policy = {"kind": "host-capabilities", "minimum": {"VCPUS": 1}}
    hint = "no host has the resource class 'VCPUS' (did you mean 'VCPU'?)"
    assert warnings(policy, VCPUS=1, MEMORY_MB=0) == (
        f"groups[0].members[0].resources.VCPUS: {hint}",
        f"groups[0].policies[0].minimum.VCPUS: {hint}",
    )


def test_spread_everywhere_keeps_members_where_the_level_is_known() -> None:
    def placed(**more: Any) -> dict[str, str] | None:
        policy = {"kind": "spread", "level": "rack", "min_domains": 1, "everywhere": True, **more}
        members = [{"resources": {"VCPU": 4}, "count": 3}]
        group = {"name": "A", "policies": [policy], "members": members}
        return solve(Application(groups=[group]), Fleet(**LEVELS)).placement

    # Three of 4 VCPU: a, the one host in a rack, takes two.
    assert placed() is None
    soft = placed(weight=1)
    assert soft is not None
    assert sorted(soft.values()).count("a") == 2
