"""Groups that may not share a domain: who has it, and what it is worth."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.model.compiled.arrays import Floats
from groupsolver.solver.relaxation.core_columns import CoreColumns
from groupsolver.solver.relaxation.linear_program import LinearProgram
from groupsolver.solver.relaxation.rows.exclusion_rows import exclusion_rows_of
from tests.support.small import group, host
from tests.support.small_problems import Doc, SmallProblem, in_rack

APART_FROM_B: Doc = {"kind": "apart-from", "group": "B", "level": "rack"}
HOSTS = [in_rack("h0", "r0"), in_rack("h1", "r1"), host("h2")]


def solved(program: LinearProgram) -> tuple[float, Floats]:
    """Return the value and the duals of an optimum."""
    optimum = program.solve(10)
    assert optimum is not None
    return optimum.value, optimum.dual


def problem_of(*policies: Doc, existing: list[Doc] | None = None) -> SmallProblem:
    groups = [group("A", 2, *policies), group("B", 1)]
    return SmallProblem(groups, HOSTS, existing=existing or [])


def test_a_hard_rule_between_two_groups_with_new_members_has_rows() -> None:
    (rows,) = exclusion_rows_of(problem_of(APART_FROM_B).compiled)
    assert rows.codes.tolist() == [0, 1, -1]
    assert (rows.sides, rows.limit) == ([[0], [1]], 1)
    assert exclusion_rows_of(problem_of().compiled) == []
    assert exclusion_rows_of(problem_of(APART_FROM_B | {"weight": 1}).compiled) == []


def test_a_domain_with_running_members_of_one_of_them_is_left_out() -> None:
    existing = [{"group": "B", "id": "old", "host": "h0", "resources": {"VCPU": 1}}]
    (rows,) = exclusion_rows_of(problem_of(APART_FROM_B, existing=existing).compiled)
    assert rows.codes.tolist() == [-1, 1, -1]


def test_a_domain_is_worth_what_the_group_that_pays_most_brings() -> None:
    problem = problem_of(APART_FROM_B)
    (rows,) = exclusion_rows_of(problem.compiled)
    # Columns: A on h0, h1, h2 (two members each), B on h0, h1, h2 (one).
    rows.columns = np.array([0, 1, 3, 4])
    rows.dual = np.array([[3.0, 1.0, 0, 0], [0, 0, 5.0, 4.0]])
    assert rows.prices().tolist() == [3.0, 1.0, 5.0, 4.0]
    # r0: A pays 2 x 3, B 1 x 5. r1: A 2 x 1, B 1 x 4. So 6 + 4.
    assert rows.worth(problem.columns) == 10.0


def test_the_rows_open_a_domain_to_both_groups_in_part_alone() -> None:
    problem = problem_of(APART_FROM_B)
    columns = problem.columns
    (rows,) = exclusion_rows_of(problem.compiled)
    core = CoreColumns.of(columns, np.ones(len(columns), dtype=np.bool_))
    # Each member of A brings 1 and of B 3; only rack r0 and r1 are limited.
    bring = np.array([-1.0, 0, 0, -3.0, 0, 0])
    program = LinearProgram(bring, columns.max_members.astype(np.float64))
    posted = rows.post(core, program)
    value, dual = solved(program)
    # r0 is B's, which brings 3; A's two members would bring 2. Both together would bring 5.
    assert value == pytest.approx(-3)
    rows.read_duals(posted, dual)
    # Host h2 is in no rack: its columns are not limited.
    assert rows.columns.tolist() == [0, 1, 3, 4]
    assert rows.dual.shape == (2, 4)
    assert (rows.dual >= 0).all()
    # B pays what its member brings, and A no more than the domain is worth.
    assert rows.worth(columns) == pytest.approx(3)
