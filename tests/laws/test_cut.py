"""The bounds on blocks, the candidates that they cut, and the proof in steps: never past the true optimum."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import import_module
from typing import Any
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from groupsolver import Limits, check, solve
from groupsolver.checking.check import unit_of
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact import staged_proof
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.column_generation import relax
from groupsolver.solver.relaxation.columns import slots_of
from tests.laws.test_laws import OBJECTIVES, ONE, Case, every_policy
from tests.laws.test_reduction import Wide, least, wide
from tests.support.draws.applications import priced_anew

pipeline = import_module("groupsolver.solver.pipeline")


@every_policy
@given(data=st.data())
def test_bounds_and_what_a_candidate_adds_to_them_never_exceed_the_optimum(
    kind: str, soft: bool, data: Any
) -> None:
    case, _ = wide(kind, soft, data)
    for objective in OBJECTIVES:
        problem = Wide(case, objective)
        if not problem.compiled.member_classes:
            return
        blocks = blocks_of(problem.compiled, unit_of(objective))
        slots = slots_of(problem.survey, problem.every, blocks)
        bounds = relax(problem.compiled, problem.survey, slots, blocks, Budget(ONE, None)).bounds
        builder = problem.encoded()
        best = least(builder.model)
        assert best is None or (math.isfinite(bounds.lower) and bounds.proved <= best)
        if best is None or not math.isfinite(bounds.lower):
            continue
        # Candidates that are cut where a placement of the objective `best` is known. One solve for all:
        # is there a placement that uses one of them and costs less than its raise says?
        floors: dict[tuple[int, int], float] = {}
        for member_class, row, raised in zip(
            slots.member_class.tolist(), slots.row.tolist(), bounds.raises.tolist(), strict=True
        ):
            floors[member_class, row] = min(
                floors.get((member_class, row), math.inf), bounds.lower + raised - bounds.noise
            )
        assert not cheaper(
            builder, problem, {at: floor for at, floor in floors.items() if floor > best}
        )


def cheaper(builder: ModelBuilder, problem: Wide, floors: dict[tuple[int, int], float]) -> bool:
    """Whether some placement uses a candidate, (lot, row), at an objective below its floor."""
    of = builder.model.proto.objective
    costs = [builder.model.get_int_var_from_proto_index(index) for index in of.vars]
    cost = cp_model.LinearExpr.weighted_sum(costs, list(of.coeffs))
    chosen = []
    for member_class, rows in enumerate(problem.every):
        for row, var in zip(rows.tolist(), builder.placed[member_class], strict=True):
            if (floor := floors.get((member_class, row))) is not None:
                used = builder.model.new_bool_var("")
                builder.model.add(var >= 1).only_enforce_if(used)
                if math.isfinite(floor):
                    builder.model.add(
                        cost <= math.ceil(floor) - 1 - round(of.offset)
                    ).only_enforce_if(used)
                chosen.append(used)
    builder.model.add_bool_or(chosen)
    builder.model.minimize(0)
    return least(builder.model) is not None


def nothing_at_first(*_: object) -> Iterator[list[tuple[int, int]]]:
    """A heuristic that never finds anything: all is left to the proof."""
    yield from ()


def kept_in(claims: list[int]) -> Callable[[Incumbent, int], None]:
    """`Incumbent.prove`, where what is claimed of all placements is kept besides."""
    real = Incumbent.prove

    def prove(best: Incumbent, bound: int) -> None:
        claims.append(bound if best.value is None else min(bound, best.value))
        real(best, bound)

    return prove


@every_policy
@given(data=st.data())
def test_the_answer_in_many_steps_is_the_optimum_of_the_unreduced_model(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = wide(kind, soft, data)
    tried: list[tuple[Case, Objective]] = [
        (case, rnd.choice(OBJECTIVES)),
        (priced_anew(rnd, case), "cost"),
    ]
    for priced, objective in tried:
        problem = Wide(priced, objective)
        best = problem.best(problem.every)
        limits = Limits(seconds=60, workers=1, gap=rnd.choice((0.0, 0.0, 0.05, 0.3)))
        claims: list[int] = []
        with ExitStack() as patches:
            patches.enter_context(
                patch.object(staged_proof, "FIRST_STEP_SLOTS", rnd.choice((2, 4, 8)))
            )
            patches.enter_context(patch.object(staged_proof, "MIN_STEP_RATIO", 1))
            patches.enter_context(patch.object(Incumbent, "prove", kept_in(claims)))
            if rnd.randint(0, 2):
                patches.enter_context(patch.object(pipeline, "construct", nothing_at_first))
            result = solve(
                problem.app, problem.fleet, objective=objective, limits=limits, explain=False
            )
        if best is None:
            assert result.status == "infeasible"
            continue
        assert result.placement is not None
        assert result.objective is not None
        assert result.bound is not None
        assert max([result.bound, *claims]) <= best <= result.objective
        assert (result.objective - result.bound) / max(1, abs(result.objective)) <= limits.gap
        assert not check(
            problem.app, problem.fleet, result.placement, objective=objective
        ).violations
