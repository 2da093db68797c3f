"""The demand of a small application on a small fleet."""

from __future__ import annotations

from groupsolver import Application, Fleet, compile_fleet
from groupsolver.checking.copies import Together
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.solver.headroom.demand import Demand, demand_of
from groupsolver.solver.headroom.incremental import PlacedCopies


def demand_for(application: Application, made: Fleet) -> Demand:
    fleet = compile_fleet(made)
    return demand_of(CompiledProblem(Together(application, fleet.index).problem, fleet))


def placed_on(application: Application, made: Fleet) -> PlacedCopies:
    fleet = compile_fleet(made)
    return PlacedCopies(application, fleet, Together(application, fleet.index))
