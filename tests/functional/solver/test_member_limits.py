"""The least, the most and the steps of what one member takes: of hosts, and of their cells."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Fleet, check, explain, headroom, solve

LIMITS = {"total": 16, "min_unit": 4, "max_unit": 12, "step_size": 2}


def fleet(inventory: Any, cells: bool) -> Fleet:
    """One host that limits members, and one that is too small for most of them."""
    vcpu = {"inventory": {"VCPU": inventory}}
    host = {"cells": [vcpu]} if cells else vcpu
    hosts = [{"name": "h0", **host}, {"name": "h1", "inventory": {"VCPU": 2}}]
    return Fleet.model_validate({"hosts": hosts})


def web(*sizes: int) -> Application:
    members = [{"resources": {"VCPU": size}} for size in sizes]
    return Application.model_validate({"groups": [{"name": "web", "members": members}]})


@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("size", range(3, 16))
def test_a_member_is_placed_where_its_size_is_given(size: int, cells: bool) -> None:
    hosts = fleet(LIMITS, cells)
    allowed = size in {4, 6, 8, 10, 12}
    result = solve(web(size), hosts)
    assert result.status == ("optimal" if allowed else "infeasible")
    # A result without cells is checked with any way into them.
    assert (check(web(size), hosts, {"web/0": "h0"}).violations == ()) == allowed


@pytest.mark.parametrize("cells", [False, True])
def test_limits_are_of_one_member_and_not_of_their_sum(cells: bool) -> None:
    result = solve(web(4, 4, 8), fleet(LIMITS, cells))  # 16 of 16, in spite of 12 at most
    assert set((result.placement or {}).values()) == {"h0"}
    assert solve(web(4, 4, 4, 6), fleet(LIMITS, cells)).status == "infeasible"  # 18 of 16


def test_a_smaller_member_than_is_given_may_stand_beside_in_another_cell() -> None:
    # Sizes (4, 2) and (2, 4): the least of both, (2, 2), is given by no cell, and both fit.
    evenly = {"VCPU": {"total": 4, "min_unit": 4}, "MEMORY_MB": 4}
    other = {"VCPU": 4, "MEMORY_MB": {"total": 4, "min_unit": 4}}
    hosts = Fleet.model_validate(
        {"hosts": [{"name": "h", "cells": [{"inventory": evenly}, {"inventory": other}]}]}
    )
    members = [{"resources": {"VCPU": v, "MEMORY_MB": m}} for v, m in ((4, 2), (2, 4))]
    app = Application.model_validate({"groups": [{"name": "web", "members": members}]})
    result = solve(app, hosts)
    assert (result.status, result.cells) == ("optimal", {"web/0": "0", "web/1": "1"})


def test_it_takes_nothing_of_a_class_and_no_limit_of_it_binds() -> None:
    hosts = Fleet.model_validate(
        {"hosts": [{"name": "h", "inventory": {"VCPU": 4, "DISK_GB": {"total": 9, "min_unit": 5}}}]}
    )
    app = web(2)
    zero = [{"resources": {"VCPU": 2, "DISK_GB": 0}}]
    for one in (app, Application.model_validate({"groups": [{"name": "web", "members": zero}]})):
        assert solve(one, hosts).status == "optimal"


@pytest.mark.parametrize(("size", "given"), [(3, "at least 4 VCPU"), (5, "VCPU in steps of 2")])
@pytest.mark.parametrize("cells", [False, True])
def test_why_no_host_takes_it(size: int, given: str, cells: bool) -> None:
    conflict = explain(web(size), fleet(LIMITS, cells)).conflict
    assert conflict is not None
    (short,) = conflict.capacity
    where = "h0, cell 0," if cells else "h0"
    assert short.sentence.endswith(f"gives one member as much; {where} gives {given}")
    # Of h0's a member of 5 may take 4; the other host has 2 free.
    assert (short.needed, short.available) == (size, 4 if size == 5 else 2)
    violations = check(web(size), fleet(LIMITS, cells), {"web/0": "h0"}).violations
    assert {violation.policy for violation in violations} == {"capacity"}


def test_a_cell_that_does_not_give_the_smaller_member_still_gives_the_larger_one() -> None:
    # The cell holds no member of 1, and three of 2. Hosts cost 4 and 1: 4 + 1, not 4 + 4.
    cell = {"inventory": {"VCPU": {"total": 6, "step_size": 2}}}
    hosts = Fleet.model_validate(
        {
            "hosts": [
                {"name": "dear", "cost": 4, "inventory": {"VCPU": 8}},
                {"name": "cheap", "cost": 1, "cells": [cell]},
            ]
        }
    )
    result = solve(web(1, 2), hosts, objective="cost")
    assert (result.status, result.objective) == ("optimal", 5)


@pytest.mark.parametrize("cells", [False, True])
def test_headroom_counts_members_that_may_be_taken(cells: bool) -> None:
    for size, copies in ((3, 0), (4, 4), (5, 0), (6, 2)):  # of 16
        assert headroom(web(size), fleet(LIMITS, cells)).copies == copies


@pytest.mark.parametrize("cells", [False, True])
def test_a_reader_without_host_names_is_told_that_it_is_one_member_that_takes_too_much(
    cells: bool,
) -> None:
    # 14 of 16 free, where one member may take 12.
    answer = explain(web(14), fleet({"total": 16, "max_unit": 12}, cells), reveal=False)
    assert answer.conflict is not None
    (short,) = answer.conflict.capacity
    assert short.sentence.endswith("that it may use gives one member as much")
    # 18 of 16: there is less than that at all.
    answer = explain(web(18), fleet(16, cells), reveal=False)
    assert answer.conflict is not None
    assert "as much free" in answer.conflict.capacity[0].sentence
