"""Members in NUMA cells, against every way into the cells and sums made by hand."""

from __future__ import annotations

from itertools import product
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.value import INT64_MAX
from groupsolver.solver.exact import numa
from groupsolver.solver.exact.numa import (
    CellUsage,
    cell_rows,
    count_by_cell,
    name_cells,
    sure_and_possible,
)
from tests.support.oracle.cells import some_way
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem


def with_cells(name: str, *vcpus: int) -> dict[str, Any]:
    return {"name": name, "cells": [{"inventory": {"VCPU": amount}} for amount in vcpus]}


def problem(sizes: dict[int, int], *hosts: dict[str, Any]) -> CompiledProblem:
    """Groups of so many members of each size in VCPU, one member class each."""
    groups = [group(f"g{vcpu}", number, vcpu=vcpu) for vcpu, number in sizes.items()]
    return compiled_problem(app(*groups), fleet(*hosts))


SEVENS = problem({3: 2, 2: 4}, with_cells("numa", 7, 7), host("plain", 99))
ALL_ON_NUMA = [(0, 0)] * 2 + [(1, 0)] * 4


def test_members_of_a_host_are_counted_by_cell() -> None:
    # 3 + 2 + 2 in each cell of 7 is the only way.
    assert count_by_cell(SEVENS, ALL_ON_NUMA, {}) == {(0, 0): [1, 1], (1, 0): [2, 2]}


def test_hosts_without_cells_have_no_counts() -> None:
    assert count_by_cell(SEVENS, [(0, 1)] * 2 + [(1, 1)] * 4, {}) == {}
    plain = problem({3: 2}, host("plain", 99))
    assert count_by_cell(plain, [(0, 0)] * 2, {}) == {}


def test_counts_that_are_known_are_kept_where_they_are_complete() -> None:
    # One member of each size; 3 in the second cell and 2 in the first is not what packing finds.
    known = {(0, 0): [0, 1], (1, 0): [1, 0]}
    assert count_by_cell(SEVENS, [(0, 0), (1, 0)], known) == known
    found = count_by_cell(SEVENS, [(0, 0), (1, 0)], {(0, 0): [0, 1]})
    assert {key: sum(counts) for key, counts in found.items()} == {(0, 0): 1, (1, 0): 1}
    assert found != known


def test_a_host_whose_cells_cannot_hold_its_members_is_left_out() -> None:
    # Three of 5 VCPU in two cells of 7.
    compiled = problem({5: 3}, with_cells("numa", 7, 7), with_cells("big", 15))
    assert count_by_cell(compiled, [(0, 0)] * 3, {}) == {}
    assert count_by_cell(compiled, [(0, 1)] * 3, {}) == {(0, 1): [3]}


def test_a_host_that_is_not_packed_in_time_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groupsolver.model.compiled.numa_packing.STEPS", 2)
    assert count_by_cell(SEVENS, ALL_ON_NUMA, {}) == {}


def test_members_fill_the_cells_in_the_order_of_the_file() -> None:
    placement = {id_: "numa" for member_class in SEVENS.member_classes for id_ in member_class.ids}
    counts = {(0, 0): [1, 1], (1, 0): [3, 1]}
    assert name_cells(SEVENS, placement, counts) == {
        "g3/0": "0",
        "g3/1": "1",
        "g2/0": "0",
        "g2/1": "0",
        "g2/2": "0",
        "g2/3": "1",
    }
    assert name_cells(SEVENS, placement, {}) == {}


CELLS = [(a, b) for a, b in product(range(8), repeat=2)]


@pytest.mark.parametrize("share", [{0: 2, 1: 4}, {0: 1, 1: 3}, {0: 2, 1: 1}, {0: 2}, {0: 0, 1: 0}])
@pytest.mark.parametrize("kinds", [0, 100])
def test_sure_and_possible_hosts_are_those_with_a_way(share: dict[int, int], kinds: int) -> None:
    # Every pair of cells of 0 to 7 VCPU.
    hosts = [with_cells(f"h{a}{b}", a, b) for a, b in CELLS]
    compiled = problem({3: 2, 2: 4}, *hosts)
    fits = np.ones(len(hosts), dtype=np.bool_)
    for class_index, number in share.items():
        size = dict(compiled.member_classes[class_index].size)
        fits &= compiled.fleet.slots(size, 9) >= number
    sizes = [{"VCPU": (3, 2)[index]} for index, number in share.items() for _ in range(number)]
    ways = np.array([some_way(document, sizes) for document in hosts]) & fits
    with patch.object(numa, "MAX_HOST_KINDS_EXACT", kinds):
        sure, possible = sure_and_possible(compiled, share, fits)
    assert not (sure & ~ways).any()
    assert not (ways & ~possible).any()
    if kinds:
        assert (sure == ways).all()
        assert (possible == ways).all()


def test_what_needs_an_exact_search_is_possible_and_not_sure_without_one() -> None:
    # 3 + 2 + 2 in each cell of 7: first fit puts 3 + 3 into the first cell, whatever comes first.
    fits = np.array([True, True])
    with patch.object(numa, "MAX_HOST_KINDS_EXACT", 0):
        sure, possible = sure_and_possible(SEVENS, {0: 2, 1: 4}, fits)
    assert sure.tolist() == [False, True]
    assert possible.tolist() == [True, True]


def test_rows_count_members_in_whole_members_of_one_size() -> None:
    compiled = problem({3: 1, 6: 1, 2: 1}, with_cells("numa", 7, 7), host("plain", 99))
    rows = [
        (codes.tolist(), weight.tolist(), room[0]) for codes, weight, room in cell_rows(compiled)
    ]
    assert rows == [
        # Size 2: 7 // 2 + 7 // 2 = 6; a member of 3 counts 1, of 6 counts 3, of 2 counts 1.
        ([0, -1], [1, 3, 1], 6),
        # Size 3: 7 // 3 + 7 // 3 = 4.
        ([0, -1], [1, 2, 0], 4),
        # Size 6: 7 // 6 + 7 // 6 = 2.
        ([0, -1], [0, 1, 0], 2),
    ]


def test_members_go_into_the_fullest_cell_and_come_out_of_it_again() -> None:
    compiled = problem({3: 2, 2: 4}, with_cells("numa", 7, 7), host("plain", 99))
    usage = CellUsage(compiled, np.array([0, 1]))
    assert usage.any
    assert (usage.holds == INT64_MAX).all()
    usage.put(0, 0)
    # 4 and 7 are left: of 3 VCPU 1 + 2 members, of 2 VCPU 2 + 3.
    assert usage.holds[:, 0].tolist() == [3, 5]
    usage.put(1, 0)
    # 2 goes beside 3: 2 and 7 are left.
    assert usage.holds[:, 0].tolist() == [0 + 2, 1 + 3]
    usage.take(0, 0)
    # 5 and 7 are left.
    assert usage.holds[:, 0].tolist() == [1 + 2, 2 + 3]
    usage.take(1, 0)
    assert usage.holds[:, 0].tolist() == [2 + 2, 3 + 3]


def test_usage_of_a_host_without_cells_stays_unbounded() -> None:
    usage = CellUsage(SEVENS, np.array([0, 1]))
    usage.put(0, 1)
    usage.take(0, 1)
    assert (usage.holds[:, 1] == INT64_MAX).all()
    assert not CellUsage(problem({3: 1}, host("plain", 9)), np.array([0])).any
