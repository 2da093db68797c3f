"""Facts about dependencies that this library relies on: a version that changes one fails here."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ortools.sat.python import cp_model

from groupsolver import Application, Fleet, Limits, UnknownSolverStatus, solve
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.solver.relaxation.linear_program import LinearProgram
from tests.functional.solver.test_stop import LOOSE, TIGHT, Case

APP = Application.model_validate(
    {"groups": [{"name": "A", "members": [{"resources": {"VCPU": 1}, "count": 2}]}]}
)
FLEET = Fleet.model_validate({"hosts": [{"name": "h1", "inventory": {"VCPU": 4}}]})


def packing(case: Case) -> cp_model.CpModel:
    """The textbook model: a boolean for each member and host."""
    app, fleet = case
    model = cp_model.CpModel()
    at = [[model.new_bool_var("") for _ in fleet["hosts"]] for _ in app["groups"]]
    for row in at:
        model.add_exactly_one(row)
    sizes = [group["members"][0]["resources"] for group in app["groups"]]
    for h, host in enumerate(fleet["hosts"]):
        for name, total in host["inventory"].items():
            load = cp_model.LinearExpr.weighted_sum(
                [row[h] for row in at], [size[name] for size in sizes]
            )
            model.add(load <= total - host.get("used", {}).get(name, 0))
    costs = [host["cost"] for host in fleet["hosts"]]
    model.minimize(sum(cp_model.LinearExpr.weighted_sum(row, costs) for row in at))
    return model


def solver(**parameters: Any) -> cp_model.CpSolver:
    found = cp_model.CpSolver()
    found.parameters.num_workers = 1
    for name, value in parameters.items():
        setattr(found.parameters, name, value)
    return found


def test_cp_sat_may_call_optimal_what_it_stopped_at_a_gap() -> None:
    # So the status says nothing of a gap: bound and objective are compared here instead.
    stopped = solver(relative_gap_limit=0.5, max_time_in_seconds=60)
    assert stopped.solve(packing(LOOSE)) == cp_model.OPTIMAL
    assert stopped.best_objective_bound < stopped.objective_value - 1
    assert stopped.objective_value - stopped.best_objective_bound <= 0.5 * stopped.objective_value


def test_cp_sat_ends_with_unknown_or_feasible_at_its_time_limit() -> None:
    assert solver(max_time_in_seconds=1).solve(packing(TIGHT)) == cp_model.UNKNOWN
    found = solver(max_time_in_seconds=3)
    if found.solve(packing(LOOSE)) == cp_model.FEASIBLE:
        assert found.best_objective_bound <= found.objective_value
    else:  # a slow machine
        assert found.status_name() == "UNKNOWN"


def test_a_search_is_stopped_from_another_thread() -> None:
    running = solver(max_time_in_seconds=60)
    over = threading.Event()

    def stop() -> None:
        while not over.wait(1.0):  # the first time may be before it has begun
            running.stop_search()

    thread = threading.Thread(target=stop)
    thread.start()
    start = time.perf_counter()
    assert running.solve(packing(LOOSE)) in (cp_model.FEASIBLE, cp_model.UNKNOWN)
    assert time.perf_counter() - start < 30
    over.set()
    thread.join(10)


def test_a_search_that_stops_at_its_first_placement_says_feasible_or_optimal() -> None:
    first = solver(stop_after_first_solution=True, max_time_in_seconds=60)
    assert first.solve(packing(LOOSE)) in (cp_model.FEASIBLE, cp_model.OPTIMAL)


def test_an_objective_that_leaves_64_bits_is_an_invalid_model() -> None:
    model = cp_model.CpModel()
    model.minimize(
        cp_model.LinearExpr.weighted_sum([model.new_bool_var("") for _ in range(4)], [2**61] * 4)
    )
    assert solver().solve(model) == cp_model.MODEL_INVALID
    assert "overflow" in model.validate()


def test_an_invalid_model_raises_and_is_never_taken_for_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def spoiled(builder: ModelBuilder, offset: int = 0) -> None:
        builder.model.minimize(
            cp_model.LinearExpr.weighted_sum(
                builder.placed[0] * 4, [2**61] * 4 * len(builder.placed[0])
            )
        )

    monkeypatch.setattr(ModelBuilder, "minimize", spoiled)
    monkeypatch.setattr(
        "groupsolver.solver.pipeline.construct", lambda *_: iter(())
    )  # so that it comes to a search
    monkeypatch.setattr("groupsolver.solver.pipeline.has_infeasible_part", lambda *_: False)
    with pytest.raises(UnknownSolverStatus, match="MODEL_INVALID"):
        solve(APP, FLEET, limits=Limits(workers=1))


def test_a_status_from_the_future_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    class Future(cp_model.CpSolver):
        def solve(self, model: Any, callback: Any = None) -> Any:
            super().solve(model, callback)
            return SimpleNamespace(name="SPLENDID")

        def status_name(self, status: Any = None) -> str:
            return "SPLENDID"

    monkeypatch.setattr(cp_model, "CpSolver", Future)
    monkeypatch.setattr("groupsolver.solver.pipeline.construct", lambda *_: iter(()))
    monkeypatch.setattr("groupsolver.solver.pipeline.has_infeasible_part", lambda *_: False)
    with pytest.raises(UnknownSolverStatus, match="SPLENDID"):
        solve(APP, FLEET, limits=Limits(workers=1))


def test_callbacks_hear_placements_and_bounds_and_the_bound_never_passes() -> None:
    class Heard(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            values.append(self.objective_value)
            assert self.best_objective_bound <= self.objective_value

    values: list[float] = []
    bounds: list[float] = []
    found = solver(max_time_in_seconds=60, relative_gap_limit=0.01)
    found.best_bound_callback = bounds.append
    found.solve(packing(LOOSE), Heard())
    assert values == sorted(values, reverse=True)
    assert values[-1] == found.objective_value
    assert bounds
    assert max(bounds) <= values[-1]


def test_a_hint_that_holds_is_the_first_placement() -> None:
    model = cp_model.CpModel()
    xs = [model.new_bool_var("") for _ in range(50)]
    model.add(cp_model.LinearExpr.sum(xs) == 25)
    model.minimize(cp_model.LinearExpr.weighted_sum(xs, range(50)))
    for i, x in enumerate(xs):
        model.add_hint(x, i % 2)
    first = solver(stop_after_first_solution=True, cp_model_presolve=False)
    first.solve(model)
    assert first.objective_value == 625  # 1 + 3 + ... + 49


def test_implications_and_sums_bind_both_ways_as_the_encoding_uses_them() -> None:
    # used is 1 exactly when the sum is above 0: x => used, y <= 3 used, x + y >= used.
    for x, y, used, holds in [
        (0, 0, 0, 1),
        (0, 0, 1, 0),
        (1, 0, 0, 0),
        (1, 0, 1, 1),
        (0, 3, 1, 1),
        (0, 3, 0, 0),
    ]:
        model = cp_model.CpModel()
        a, b, u = model.new_bool_var(""), model.new_int_var(0, 3, ""), model.new_bool_var("")
        model.add_implication(a, u)
        model.add(b <= 3 * u)
        model.add(cp_model.LinearExpr.weighted_sum([a, b], [1, 1]) >= u)
        for var, value in ((a, x), (b, y), (u, used)):
            model.add(var == value)
        assert (solver().solve(model) == cp_model.OPTIMAL) == bool(holds)


def test_an_empty_disjunction_is_false_and_an_empty_sum_is_0() -> None:
    model = cp_model.CpModel()
    model.add_bool_or([])
    assert solver().solve(model) == cp_model.INFEASIBLE
    model = cp_model.CpModel()
    model.minimize(cp_model.LinearExpr.weighted_sum([], []) + 7)
    found = solver()
    assert found.solve(model) == cp_model.OPTIMAL
    assert (found.objective_value, found.best_objective_bound) == (7, 7)


def test_duals_are_the_change_of_the_value_for_a_unit_of_the_bound() -> None:
    # min 2x + 5y with x + y = 10, x <= 4 by a row, x, y <= 8: x = 4, y = 6, value 38. One more
    # member costs another y: +5. One more of room moves a member from y to x: -3.
    program = LinearProgram(np.array([2.0, 5.0]), np.array([8.0, 8.0]))
    both, one = np.array([0, 1]), np.array([0])
    demand = program.add_rows(
        both, np.zeros(2, dtype=np.int64), np.ones(2), 1, np.array([10.0]), np.array([10.0])
    )
    room = program.add_rows(one, one, np.ones(1), 1, high=np.array([4.0]))
    optimum = program.solve(10)
    assert optimum is not None
    assert optimum.value == pytest.approx(38)
    assert optimum.dual[demand] == pytest.approx([5])
    assert optimum.dual[room] == pytest.approx([-3])


def test_a_row_with_a_price_is_exceeded_where_that_is_cheaper() -> None:
    # As above with room at 1 a unit: four more in x instead of y save 3 - 1 each, until x is 8:
    # 8 x 2 + 2 x 5 + 4 x 1 = 30; the row's dual is its price.
    program = LinearProgram(np.array([2.0, 5.0]), np.array([8.0, 8.0]))
    both, one = np.array([0, 1]), np.array([0])
    program.add_rows(
        both, np.zeros(2, dtype=np.int64), np.ones(2), 1, np.array([10.0]), np.array([10.0])
    )
    room = program.add_rows(one, one, np.ones(1), 1, high=np.array([4.0]), excess_price=1.0)
    optimum = program.solve(10)
    assert optimum is not None
    assert optimum.value == pytest.approx(30)
    assert optimum.dual[room] == pytest.approx([-1])


def test_an_impossible_program_has_no_value() -> None:
    program = LinearProgram(np.array([1.0]), np.array([1.0]))
    program.add_rows(np.array([0]), np.array([0]), np.ones(1), 1, low=np.array([2.0]))
    assert program.solve(10) is None
