"""The relaxation over a core: its value, its duals, and that it never exceeds the optimum."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.model.compiled.arrays import Floats, Mask
from groupsolver.solver.relaxation.restricted_master import solve_restricted_master
from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows, capacity_rows_of
from groupsolver.solver.relaxation.rows.exclusion_rows import exclusion_rows_of
from groupsolver.solver.relaxation.rows.rising_rows import rising_rows_of
from tests.support.small import group, host
from tests.support.small_problems import AFFINITY, SmallProblem, drawn_problem, in_rack


def solved(
    problem: SmallProblem, core: Mask | None = None, *, with_capacity: bool = True
) -> tuple[float, Floats, list[CapacityRows]]:
    """Value and worth over a core, by default all columns, and the capacity rows with duals."""
    columns = problem.columns
    if core is None:
        core = np.ones(len(columns), dtype=np.bool_)
    capacity = capacity_rows_of(problem.compiled) if with_capacity else []
    rising = rising_rows_of(problem.compiled, columns) if with_capacity else []
    exclusion = exclusion_rows_of(problem.compiled)
    found = solve_restricted_master(
        problem.compiled, columns, problem.blocks, capacity, rising, exclusion, core, 10
    )
    assert found is not None
    return found.value, found.worth, capacity


def test_scarce_room_has_a_dual_and_members_a_worth() -> None:
    hosts = [host("h0", 1, cost=1), host("h1", 4, cost=5)]
    problem = SmallProblem([group("A", 1), group("B", 1)], hosts)
    value, worth, capacity = solved(problem)
    # One member on h0 at 1, the other on h1 at 5; one more would cost 5.
    assert value == pytest.approx(6)
    assert worth.tolist() == pytest.approx([5, 5])
    # Room of one more on h0 would save 5 - 1. It is the same room in each of the three rows.
    assert sum(one.dual[0] for one in capacity) == pytest.approx(4)
    assert [one.dual[1] for one in capacity] == [0, 0, 0]


def test_members_that_the_core_has_no_room_for_are_placed_at_an_artificial_price() -> None:
    problem = SmallProblem([group("A", 2)], [host("h0", 1, cost=3), host("h1", 1, cost=4)])
    value, worth, _ = solved(problem, np.array([True, False]))
    # One at 3, one at 2 x 3 + 1000.
    assert value == pytest.approx(3 + 1006)
    assert worth.tolist() == pytest.approx([1006])


def test_members_that_share_a_domain_are_all_in_the_one_that_is_chosen() -> None:
    hosts = [in_rack("h0", "r0", 1, cost=0), in_rack("h1", "r1", 2, cost=3)]
    hosts.append(in_rack("h2", "r0", 1, cost=8))
    problem = SmallProblem([group("A", 2, AFFINITY)], hosts)
    value, worth, _ = solved(problem)
    # r1: 3 + 3. r0: 0 + 8. A part of each rack costs the same part of both its hosts.
    assert value == pytest.approx(6)
    assert worth.tolist() == [0.0]


def test_a_further_domain_has_its_price() -> None:
    hosts = [in_rack("h0", "r0", 1, cost=0), in_rack("h1", "r1", 1, cost=0)]
    soft = AFFINITY | {"weight": 5}
    value, _, _ = solved(SmallProblem([group("A", 2, soft)], hosts))
    # Both racks are opened at 5. The first is free, which is not the master's affair: its credit.
    assert value == pytest.approx(10)


def test_classes_of_a_block_share_hosts_up_to_its_ceiling() -> None:
    members = [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 2}}]
    one_each = {"kind": "anti-affinity", "max_per_domain": 1}
    hosts = [in_rack("h0", "r0", cost=1), in_rack("h1", "r0", cost=4)]
    group_doc = {"name": "A", "policies": [AFFINITY, one_each], "members": members}
    problem = SmallProblem([group_doc], hosts)
    # Without the capacity rows, which bound the same here, so that the ceiling alone is seen.
    value, _, _ = solved(problem, with_capacity=False)
    # One on each host, though h0 has room for both: 1 + 4.
    assert value == pytest.approx(5)


def test_groups_that_keep_apart_do_not_share_a_host() -> None:
    apart = {"kind": "apart-from", "group": "B", "level": "host"}
    hosts = [host("h0", cost=1), host("h1", cost=3)]
    value, _, _ = solved(SmallProblem([group("A", 1, apart), group("B", 1)], hosts))
    assert value == pytest.approx(4)  # 1 + 3


@pytest.mark.parametrize("seed", range(40))
def test_the_value_never_exceeds_the_optimum_of_all_placements(seed: int) -> None:
    problem = drawn_problem(seed)
    best = problem.best()
    value, _, _ = solved(problem)
    credit = sum(block.price * block.credit(problem.compiled) for block in problem.blocks)
    if best is not None:
        assert value - credit <= best + 1e-6
