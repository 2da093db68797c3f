"""One selection of an application with optional members, as an application and as a placement."""

from __future__ import annotations

import math

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.optional_members import without_members
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.incumbent import Assignment, Incumbent
from groupsolver.solver.optional_members.selections import OptionalClasses, Selection


def selected_problem(classes: OptionalClasses, selection: Selection) -> CompiledProblem:
    """Return the problem of a selection: the members that it leaves out are not asked for."""
    original = classes.compiled
    left_out = classes.left_out(selection)
    gone = frozenset(left_out)
    problem = original.problem
    app = without_members(problem.app, gone)
    new = (member for member in problem.new_members if member.id not in gone)
    selected = problem.with_members(app, problem.hosts, problem.running_members, new)
    return CompiledProblem(selected, original.fleet)


def placed_selection(
    classes: OptionalClasses,
    selection: Selection,
    assignments: list[Assignment],
    objective: Objective,
    budget: Budget,
) -> Incumbent | None:
    """Return the placement of a selection, checked; None where it breaks a rule.

    Parameters
    ----------
    classes : OptionalClasses
    selection : tuple of int
    assignments : list of (int, int)
        ``(member class, row)`` of each of its members; the classes are those of all members.
    objective : {"pack", "spread", "cost"}
    budget : Budget
    """
    selected = selected_problem(classes, selection)
    index_of = {(one.group, one.size): at for at, one in enumerate(selected.member_classes)}
    originals = classes.compiled.member_classes
    translated = [
        (index_of[originals[index].group, originals[index].size], row) for index, row in assignments
    ]
    quiet = PartialBudget(budget, math.inf, 0.0, quiet=True)
    incumbent = Incumbent(selected, objective, quiet)
    incumbent.offer(translated, "select")
    return incumbent if incumbent.placed else None
