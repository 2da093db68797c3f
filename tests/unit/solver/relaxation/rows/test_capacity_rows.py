"""What members take of the room of hosts and domains, and that every placement keeps the rows."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows, capacity_rows_of
from tests.support.small import group, host
from tests.support.small_problems import APART, SmallProblem, drawn_problem, in_rack


def rows_of(problem: SmallProblem) -> list[CapacityRows]:
    return capacity_rows_of(problem.compiled)


def test_room_is_counted_as_it_is_and_in_units_of_over_a_half_and_a_third() -> None:
    problem = SmallProblem([group("A", 2, vcpu=5)], [host("h0", 8), host("h1", 20)])
    plain, halves, thirds = rows_of(problem)
    assert (plain.size.tolist(), plain.room.tolist()) == ([5], [8, 20])
    # 8 // 2 + 1 = 5: room 1, and a member of 5 takes 1. 20 // 2 + 1 = 11: room 1, a member 0.
    assert halves.room.tolist() == [1, 1]
    assert halves.weights(problem.columns, slice(None)).tolist() == [1.0, 0.0]
    # 8 // 3 + 1 = 3: room 2, a member 1. 20 // 3 + 1 = 7: room 2, a member 0.
    assert thirds.room.tolist() == [2, 2]
    assert thirds.weights(problem.columns, slice(None)).tolist() == [1.0, 0.0]


def test_a_rule_over_a_domain_is_a_row_of_it() -> None:
    two = {"kind": "anti-affinity", "level": "rack", "max_per_domain": 2}
    hosts = [in_rack("h0", "r0"), in_rack("h1", "r0"), host("h2")]
    problem = SmallProblem([group("A", 3, two), group("B", 1)], hosts)
    rack = rows_of(problem)[-1]
    assert rack.codes.tolist() == [0, 0, -1]
    assert rack.room.tolist() == [2]
    # Only members of A count, and none on h2, which is in no rack.
    assert rack.weights(problem.columns, slice(None)).tolist() == [1, 1, 0, 0, 0, 0]


def test_a_rule_by_host_over_one_class_is_no_row() -> None:
    problem = SmallProblem([group("A", 2, APART)], [host("h0"), host("h1")])
    assert len(rows_of(problem)) == 3  # of VCPU alone


def test_a_rule_by_host_over_two_classes_is_a_row() -> None:
    sizes = [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 2}}]
    both = {"name": "A", "policies": [APART], "members": sizes}
    row = rows_of(SmallProblem([both], [host("h0"), host("h1")]))[-1]
    assert (row.size.tolist(), row.room.tolist()) == ([1, 1], [1, 1])


def test_duals_price_what_columns_take() -> None:
    problem = SmallProblem([group("A", 2, vcpu=3)], [host("h0", 4), host("h1", 8)])
    plain = rows_of(problem)[0]
    plain.dual = np.array([2.0, 0.0])
    assert plain.prices(problem.columns).tolist() == [6.0, 0.0]  # 3 of room worth 2
    assert plain.worth() == 8.0  # 4 x 2


@pytest.mark.parametrize("seed", range(12))
def test_every_placement_keeps_all_rows(seed: int) -> None:
    problem = drawn_problem(seed)
    compiled = problem.compiled
    class_of = {id_: index for index, one in enumerate(compiled.member_classes) for id_ in one.ids}
    rows = rows_of(problem)
    for placement in problem.placements():
        for one in rows:
            load = np.zeros(len(one.room), dtype=np.int64)
            for id_, name in placement.items():
                row = compiled.fleet.rows[name]
                domain = one.codes[row]
                if domain >= 0:
                    unit = 1 if one.unit is None else one.unit[domain]
                    load[domain] += one.size[class_of[id_]] // unit
            assert (load <= one.room).all()
