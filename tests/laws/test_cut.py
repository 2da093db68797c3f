"""The bounds on blocks, the candidates that they drop, and the proof in steps.

None of these may ever exceed the true optimum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from importlib import import_module
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import event, given, note
from hypothesis import strategies as st
from ortools.sat.python import cp_model

from groupsolver import Limits, check, solve
from groupsolver.checking.check import unit_of
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact import staged_proof
from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.incumbent import Incumbent
from groupsolver.solver.preparation import PreparedProblem, relax
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.reduced_cost_fixing import candidates_within, limits_within
from tests.laws.test_laws import OBJECTIVES, ONE, Case, every_policy
from tests.laws.test_reduction import Wide, least, some_objective, wide
from tests.support.draws.applications import draws
from tests.support.small import host
from tests.support.small_problems import dual_ascent_at_any_size

pipeline = import_module("groupsolver.solver.pipeline")

Floors = dict[tuple[int, int], float]  # by candidate, (class_index, row): a bound on its objective


@every_policy
@given(data=st.data())
def test_bounds_and_what_a_candidate_adds_to_them_never_exceed_the_optimum(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = wide(kind, soft, data)
    objective = rnd.choice(OBJECTIVES)
    problem = Wide(case, objective)
    if not problem.compiled.member_classes:
        return
    prepared = relaxed_either_way(problem, objective, rnd.random() < 0.5)
    builder = problem.encoded()
    best = least(builder.model)
    if best is None:
        return
    assert not prepared.refuted
    assert prepared.relaxed.bounds.proved <= best
    # Candidates that are dropped once a placement of the objective `best` is known. One solve for
    # all: does a placement use one of them and cost less than its floor says?
    floors = {at: floor for at, floor in floors_of(prepared).items() if floor > best}
    assert not has_cheaper(builder, problem, floors)


def relaxed_either_way(problem: Wide, objective: Objective, ascent: bool) -> PreparedProblem:
    """The relaxation over every candidate, by dual ascent or by linear programs."""
    event("dual ascent" if ascent else "linear programs")
    blocks = blocks_of(problem.compiled, unit_of(objective))
    with dual_ascent_at_any_size() if ascent else nullcontext():
        return relax(
            problem.compiled, problem.eligibility, problem.every, blocks, Budget(ONE, None)
        )


def assert_room_for_the_best(drawn: Case, objective: Objective, ascent: bool) -> None:
    """Hold what a step of the proof allows against the optimum of the whole problem."""
    problem = Wide(drawn, objective)
    best = least(problem.encoded().model)
    if not problem.compiled.member_classes or best is None:
        return
    prepared = relaxed_either_way(problem, objective, ascent)
    bounds, columns = prepared.relaxed.bounds, prepared.columns
    slack = best - bounds.lower
    chosen = candidates_within(bounds, columns, problem.every, slack)
    limited = limits_within(bounds, columns, problem.eligibility, slack)
    assert least(build_model(problem.compiled, limited, chosen).model) == best, drawn


@every_policy
@given(data=st.data())
def test_what_a_host_takes_in_a_step_of_the_proof_leaves_room_for_the_best_placement(
    kind: str, soft: bool, data: Any
) -> None:
    case, rnd = wide(kind, soft, data)
    assert_room_for_the_best(case, rnd.choice(OBJECTIVES), ascent=rnd.random() < 0.5)


@draws(90)
@given(seed=st.integers(0, 2**40))
def test_what_shared_hosts_take_in_a_step_of_the_proof_leaves_room_for_the_best_placement(
    seed: int,
) -> None:
    case = crowded(Random(seed))
    note(str(case))
    for objective in OBJECTIVES:
        assert_room_for_the_best(case, objective, ascent=bool(seed % 2))


def crowded(rnd: Random) -> Case:
    """Members of several sizes and groups that share hosts, some because they must."""
    hosts = [
        host(f"h{i}", rnd.randint(3, 12), used={"VCPU": rnd.randint(0, 3)}, cost=rnd.randint(0, 9))
        for i in range(rnd.randint(2, 9))
    ]
    groups = []
    for name in "ABC"[: rnd.randint(1, 3)]:
        policies: list[dict[str, Any]] = [
            {"kind": "affinity"},
            {"kind": "anti-affinity", "weight": rnd.randint(1, 3)},
            {"kind": "affinity", "weight": rnd.randint(1, 3)},
        ]
        members = [
            {"resources": {"VCPU": size}, "count": rnd.randint(1, 2)}
            for size in range(1, rnd.randint(2, 3))
        ]
        chosen = rnd.sample(policies, rnd.randint(0, 2))
        groups.append({"name": name, "policies": chosen, "members": members})
    return {"groups": groups}, {"hosts": hosts}


def floors_of(prepared: PreparedProblem) -> Floors:
    """For each candidate, what a placement that uses it costs at least."""
    bounds = prepared.relaxed.bounds
    columns = prepared.columns
    floors: Floors = {}
    for class_index, row, raised in zip(
        columns.member_class.tolist(), columns.row.tolist(), bounds.raises.tolist(), strict=True
    ):
        floor = bounds.lower + raised - bounds.noise
        floors[class_index, row] = min(floors.get((class_index, row), math.inf), floor)
    return floors


def has_cheaper(builder: ModelBuilder, problem: Wide, floors: Floors) -> bool:
    """Whether some placement uses a candidate at an objective below its floor."""
    model = builder.model
    objective = model.proto.objective
    variables = [model.get_int_var_from_proto_index(index) for index in objective.vars]
    cost = cp_model.LinearExpr.weighted_sum(variables, list(objective.coeffs))
    chosen = []
    for class_index, rows in enumerate(problem.every):
        for row, var in zip(rows.tolist(), builder.placed[class_index], strict=True):
            floor = floors.get((class_index, row))
            if floor is None:
                continue
            used = model.new_bool_var("")
            model.add(var >= 1).only_enforce_if(used)
            if math.isfinite(floor):
                below = math.ceil(floor) - 1 - round(objective.offset)
                model.add(cost <= below).only_enforce_if(used)
            chosen.append(used)
    model.add_bool_or(chosen)
    model.minimize(0)
    return least(model) is not None


def nothing_at_first(*_: object) -> Iterator[list[tuple[int, int]]]:
    """A heuristic that never finds anything: all is left to the proof."""
    yield from ()


def recording_bounds(claims: list[int]) -> Callable[[Incumbent, int], None]:
    """`Incumbent.prove` that also records what is claimed of all placements."""
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
    priced, objective = some_objective(rnd, case)
    problem = Wide(priced, objective)
    best = problem.best(problem.every)
    limits = Limits(seconds=60, workers=1, gap=rnd.choice((0.0, 0.0, 0.05, 0.3)))
    claims: list[int] = []
    first_step = rnd.choice((2, 4, 8))
    with ExitStack() as patches:
        patches.enter_context(patch.object(staged_proof, "FIRST_STEP_COLUMNS", first_step))
        patches.enter_context(patch.object(staged_proof, "MIN_STEP_RATIO", 1))
        patches.enter_context(patch.object(Incumbent, "prove", recording_bounds(claims)))
        if rnd.randint(0, 2):
            patches.enter_context(patch.object(pipeline, "construct", nothing_at_first))
        result = solve(
            problem.app, problem.fleet, objective=objective, limits=limits, explain=False
        )
    if best is None:
        assert result.status == "infeasible"
        return
    assert result.placement is not None
    assert result.objective is not None
    assert result.bound is not None
    assert max([result.bound, *claims]) <= best <= result.objective
    assert (result.objective - result.bound) / max(1, abs(result.objective)) <= limits.gap
    verdict = check(problem.app, problem.fleet, result.placement, objective=objective)
    assert not verdict.violations
