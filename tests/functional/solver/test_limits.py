"""Every public call keeps its limit on huge inputs, and what it did not decide it leaves open."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import (
    Application,
    Fleet,
    Limits,
    compile_fleet,
    explain,
    headroom,
    solve,
    survives,
)
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from tests.support.clock import processor_time, within  # noqa: F401 - a fixture

Doc = dict[str, Any]
SECONDS = 1.0
LIMITS = Limits(seconds=SECONDS, workers=1)
APART = {"kind": "anti-affinity"}
EVEN = {"kind": "spread", "level": "zone", "min_domains": 2, "max_skew": 1}
pytestmark = pytest.mark.usefixtures("processor_time")


def hosts(number: int, vcpu: int, step: int = 0, memory: int = 2**20) -> Doc:
    """Hosts in 3 zones and 20 racks; each of the next has `step` more VCPU."""
    return {
        "levels": ["zone", "rack"],
        "hosts": [
            {
                "name": f"h{i}",
                "domains": {"zone": f"z{i % 3}", "rack": f"r{i % 20}"},
                "inventory": {"VCPU": vcpu + i * step, "MEMORY_MB": memory + 977 * i * step},
            }
            for i in range(number)
        ],
    }


def group(name: str, sizes: list[tuple[int, int, int]], *policies: Doc) -> Doc:
    """A group with members by VCPU, memory and number."""
    members = [
        {"resources": {"VCPU": vcpu, "MEMORY_MB": memory}, "count": count}
        for vcpu, memory, count in sizes
    ]
    return {"name": name, "policies": list(policies), "members": members}


def cells() -> Doc:
    host = {"inventory": {"MEMORY_MB": 10**9}}
    return {
        "hosts": [
            {**host, "name": f"h{i}", "cells": [_cell("0", 10**5), _cell("1", 10**5 + 3)]}
            for i in range(50)
        ]
    }


def _cell(name: str, vcpu: int) -> Doc:
    return {"name": name, "inventory": {"VCPU": vcpu}}


SIZES = [(1 + i % 7, 100 + i, 1) for i in range(800)]
CASES: dict[str, tuple[list[Doc], Doc]] = {
    "amounts": ([group("A", [(1, 2, 1), (1, 3, 1)])], hosts(2, 10**9, memory=10**8)),
    "many amounts": (
        [group("A", [(2, 10**9, 3), (3, 10**8 + 7, 2), (1, 10**7 + 3, 5)])],
        hosts(30, 10**9, 1, memory=10**15),
    ),
    "members": ([group("A", [(1, 10, 8_000)])], hosts(1_000, 32)),
    "sizes": ([group("A", SIZES, EVEN)], hosts(500, 32)),
    "hosts": ([group("A", [(2, 3, 3)], APART, EVEN), group("B", [(1, 4, 9)])], hosts(6_000, 9, 1)),
    "groups": ([group(f"G{i}", [(1, 2, 2)], APART) for i in range(600)], hosts(600, 8)),
    "pairs of groups": (
        [
            group(f"G{i}", [(1, 2, 2)], {"kind": "apart-from", "group": f"G{(i + 1) % 300}"})
            for i in range(300)
        ],
        hosts(500, 8),
    ),
    "exclusive": (
        [group(f"G{i}", [(1, 2, 2)], {"kind": "exclusive"}) for i in range(150)],
        hosts(600, 8),
    ),
    "one project": (
        [group(f"G{i}", [(1, 2, 5)], {"kind": "exclusive", "scope": "tenant"}) for i in range(3)],
        hosts(20, 10**6, memory=10**9),
    ),
    "survives": ([group("A", [(1, 2, 60)], {"kind": "survives"})], hosts(300, 4)),
    "cells": ([group("A", [(2, 2, 3), (1, 3, 4)])], cells()),
}
every_case = pytest.mark.parametrize("case", CASES)


def drawn(case: str, extra: int = 0) -> tuple[Application, CompiledFleet]:
    """An application and a fleet, with an extra member that takes so much."""
    groups, fleet = CASES[case]
    if extra:
        too_much = {"resources": {"VCPU": extra, "MEMORY_MB": 1}, "count": 2}
        first = {**groups[0], "members": [*groups[0]["members"], too_much]}
        groups = [first, *groups[1:]]
    application = Application.model_validate({"groups": groups})
    return application, compile_fleet(Fleet.model_validate(fleet))


@pytest.mark.integration
@every_case
def test_solve_keeps_its_limit(case: str) -> None:
    application, fleet = drawn(case)
    within(SECONDS, lambda: solve(application, fleet, limits=LIMITS))


def test_what_is_told_of_a_conflict_of_thousands_of_rules_keeps_the_limit() -> None:
    # 2,401 members of 1 VCPU on 600 hosts of 4: all of them together are the conflict.
    groups = [group(f"G{i}", [(1, 1, 1)]) for i in range(2_401)]
    application = Application.model_validate({"groups": groups})
    fleet = compile_fleet(Fleet.model_validate(hosts(600, 4)))
    answer = within(SECONDS, lambda: solve(application, fleet, limits=LIMITS))
    assert answer.status == "infeasible"
    assert answer.conflict is not None
    assert answer.conflict.capacity


def test_what_is_told_of_rules_about_all_groups_keeps_the_limit() -> None:
    # A host of 4 VCPU holds one member of 3: 900 members for 300 hosts. Each group is near another.
    groups = [
        group(f"G{i}", [(3, 1, 3)], APART, {"kind": "near", "group": f"G{(i + 1) % 300}"})
        for i in range(300)
    ]
    application = Application.model_validate({"groups": groups})
    fleet = compile_fleet(Fleet.model_validate(hosts(300, 4)))
    answer = within(SECONDS, lambda: solve(application, fleet, limits=LIMITS))
    assert answer.status == "infeasible"
    assert answer.conflict is not None


@pytest.mark.integration
@every_case
def test_explain_keeps_its_limit(case: str) -> None:
    application, fleet = drawn(case, extra=10**12)
    answer = within(SECONDS, lambda: explain(application, fleet, limits=LIMITS))
    assert answer.status in ("infeasible", "unknown")


@pytest.mark.integration
@every_case
def test_headroom_keeps_its_limit(case: str) -> None:
    application, fleet = drawn(case)
    answer = within(SECONDS, lambda: headroom(application, fleet, limits=LIMITS))
    assert answer.copies <= answer.bound


@pytest.mark.integration
@every_case
def test_survives_keeps_its_limit(case: str) -> None:
    application, fleet = drawn(case)
    ids = [
        f"{one.name}/{number}"
        for one in application.groups
        for number in range(sum(members.count for members in one.members))
    ]
    placement = {id_: fleet.names[at % len(fleet)] for at, id_ in enumerate(ids)}
    answer = within(SECONDS, lambda: survives(application, fleet, placement, limits=LIMITS))
    looked_at_all = not any("time limit" in warning for warning in answer.warnings)
    assert looked_at_all or answer.status in ("unknown", "falls")


@pytest.mark.parametrize("memory", [10**3, 10**5, 10**6])
def test_hosts_that_hold_many_members_are_filled_to_the_last_copy(memory: int) -> None:
    # 2 MB and 3 MB to a copy, two hosts: 2 x memory / 5 copies, and nothing is left.
    application, fleet = drawn("amounts")
    made = Fleet.model_validate(hosts(2, 10**9, memory=memory))
    answer = headroom(application, made, limits=Limits(seconds=20, workers=1))
    assert (answer.copies, answer.bound) == (2 * memory // 5, 2 * memory // 5)
    assert len(fleet) == 2


@pytest.mark.parametrize("memory", [10**8, 10**12])
def test_copies_are_counted_to_a_million_however_large_the_hosts(memory: int) -> None:
    application, _ = drawn("amounts")
    made = Fleet.model_validate(hosts(2, 10**9, memory=memory))
    answer = headroom(application, made, limits=Limits(seconds=20, workers=1))
    assert (answer.copies, answer.bound) == (10**6, 10**6)
    assert answer.warnings == ("copies are counted up to 1,000,000",)


@pytest.mark.parametrize(("members", "copies"), [(1, 0), (2, 0), (3, 4), (4, 0), (6, 2)])
def test_copies_that_no_zone_may_hold_are_none(members: int, copies: int) -> None:
    # Three zones of one host of 4 VCPU, skew 0: as many in each zone. 1, 2 and 4 members cannot be
    # shared out; 3 take one VCPU of each host, 6 take two.
    one_each = [
        {"name": f"h{i}", "domains": {"zone": f"z{i}"}, "inventory": {"VCPU": 4}} for i in range(3)
    ]
    evenly = {"kind": "spread", "level": "zone", "max_skew": 0}
    application = Application.model_validate(
        {
            "groups": [
                {
                    "name": "A",
                    "policies": [evenly],
                    "members": [{"resources": {"VCPU": 1}, "count": members}],
                }
            ]
        }
    )
    made = Fleet.model_validate({"levels": ["zone"], "hosts": one_each})
    answer = headroom(application, made, limits=LIMITS)
    assert (answer.copies, answer.bound) == (copies, copies)
    assert answer.scarce
