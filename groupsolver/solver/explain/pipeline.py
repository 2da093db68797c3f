"""Why not, and what would help, in one straight function, `reasons`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Explanation, Fix, Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.explain.corrections import Remedy
from groupsolver.solver.explain.empty_fleet import never
from groupsolver.solver.explain.feasibility import Asked, Oracle, Solve
from groupsolver.solver.explain.fixes import remedies
from groupsolver.solver.explain.messages import told
from groupsolver.solver.explain.quickxplain import MinimalConflict, find, impossible_part
from groupsolver.solver.explain.rules import Atomized, PolicyRule, RuleAtom, in_pieces
from groupsolver.solver.infeasible import conflict_of_all_rules, disabled_host_warnings

FIXES = 6  # that are told


@dataclass(frozen=True)
class Reasons:
    """Why a batch cannot be placed, before it is put into words: these depend on who reads them.

    Attributes
    ----------
    problem : Problem
    atomized : Atomized
    fleet : CompiledFleet
    seconds : float
    found : tuple of Found
        Conflicts; none where none was found in time.
    remedies : tuple of Remedy
        The cheapest first.
    never : bool or None
    possible : bool or None
        Whether it would be possible without the rules of others than `own`; None: not decided, or there are none.
    """

    problem: Problem
    atomized: Atomized
    fleet: CompiledFleet
    seconds: float
    found: tuple[MinimalConflict, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    never: bool | None = None
    possible: bool | None = None

    def told(
        self, reveal: bool = True, fit: Callable[[Remedy], bool] = lambda _: True
    ) -> Explanation:
        """Put it into words.

        Parameters
        ----------
        reveal : bool, default True
            Whether hosts and domains are named.
        fit : callable, optional
            Which remedies may be told.
        """
        conflicts = [told(self.atomized, one, self.fleet, reveal) for one in self.found] or [
            conflict_of_all_rules(self.problem)
        ]
        fixes = [_fix(remedy, reveal) for remedy in self.remedies if fit(remedy)]
        conflicts[0] = conflicts[0].model_copy(update={"fixes": tuple(fixes[:FIXES])})
        return Explanation(
            status="infeasible",
            seconds=self.seconds,
            warnings=self.problem.warnings
            + (disabled_host_warnings(self.problem) if reveal else ()),
            conflict=conflicts[0],
            conflicts=tuple(conflicts),
            never=self.never,
        )


def reasons(
    problem: Problem,
    fleet: CompiledFleet,
    objective: Objective,
    budget: Budget,
    answer: Solve,
    *,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    own: Collection[str] | None = None,
) -> Reasons:
    """Find out why a batch is impossible that was proved to be so.

    Parameters
    ----------
    run : Run
        Whose time it takes; what is not proved in it is said to be open.
    answer : callable
        The pipeline.
    costs : Costs, optional
    fixes : bool, default True
        Whether to look for fixes, and for what an empty fleet would change.
    every : bool, default False
        Whether to look for further conflicts.
    own : collection of str, optional
        Groups whose policies may be changed and whose running members may be moved; by default all. A
        conflict has rules of other groups only where it is proved that there is none without.
    """
    return _reasons(
        problem, _asked(problem, fleet, objective, budget, answer), None, costs, fixes, every, own
    )


def _asked(
    problem: Problem, fleet: CompiledFleet, objective: Objective, budget: Budget, answer: Solve
) -> Asked:
    return Asked(
        Atomized(Problem(in_pieces(problem), problem.hosts)),
        fleet,
        Oracle(answer, objective, budget),
    )


def _reasons(
    problem: Problem,
    asked: Asked,
    start: list[RuleAtom] | None,
    costs: Costs | None,
    fixes: bool,
    every: bool,
    own: Collection[str] | None,
) -> Reasons:
    """Give the reasons; `start`: rules, of others than `own` none, that are known to be impossible together."""
    atomized, fleet, oracle = asked.atomized, asked.fleet, asked.oracle
    asked.refuse(atomized.every)
    first = _preferred(asked, atomized.every, own, start)
    found = [] if first is None else [first]
    oracle.budget.report("conflict")
    mine = _own(atomized.every, own)
    # What was asked already costs nothing.
    possible = asked.possible(mine) if len(mine) < len(atomized.every) else None
    if found and every:
        found += _further(asked, found[0], own)
    known: list[Remedy] = []
    empty = None
    if found and fixes:
        for remedy in remedies(atomized, fleet, oracle, costs or Costs(), found[0], own):
            oracle.budget.report("fix")
            known.append(remedy)
        known.sort(key=lambda one: one.cost)
        empty = never(atomized, fleet, found[0], oracle)
    return Reasons(
        problem,
        atomized,
        fleet,
        oracle.budget.elapsed(),
        tuple(found),
        tuple(known),
        empty,
        possible,
    )


def explained(
    problem: Problem,
    fleet: CompiledFleet,
    objective: Objective,
    budget: Budget,
    answer: Solve,
    *,
    known: bool = True,
    costs: Costs | None = None,
    fixes: bool = True,
    every: bool = False,
    reveal: bool = True,
    own: Collection[str] | None = None,
) -> Explanation:
    """Explain a batch that cannot be placed; where it is not `known` that it cannot, and it can, give its placement.

    Other parameters are those of `reasons`.

    Parameters
    ----------
    known : bool, default True
        Whether it was proved already that the batch is impossible.
    reveal : bool, default True
        Whether hosts and domains are named.
    """
    asked = _asked(problem, fleet, objective, budget, answer)
    # To ask for a part is mostly faster than to ask for the whole.
    start = None if known else impossible_part(asked, _own(asked.atomized.every, own))
    if not known and start is None:
        result = answer(problem.app, fleet, objective, budget)
        if result.status != "infeasible":
            return Explanation.model_validate(result.model_dump())
    return _reasons(problem, asked, start, costs, fixes, every, own).told(reveal)


def unexplained(
    problem: Problem, fleet: CompiledFleet, seconds: float, possible: bool | None = None
) -> Reasons:
    """Give what is known of a batch that was proved impossible, where nobody looked further."""
    return Reasons(problem, Atomized(problem), fleet, seconds, possible=possible)


def _own(atoms: list[RuleAtom], own: Collection[str] | None) -> list[RuleAtom]:
    """Give the rules without the policies of other groups."""
    return [
        atom
        for atom in atoms
        if own is None or not isinstance(atom, PolicyRule) or atom.group in own
    ]


def _preferred(
    asked: Asked,
    atoms: list[RuleAtom],
    own: Collection[str] | None,
    start: list[RuleAtom] | None = None,
) -> MinimalConflict | None:
    """Find a conflict, one without the policies of other groups if there is one."""
    mine = _own(atoms, own)
    if len(mine) == len(atoms) or start:
        return find(asked, mine, start)
    found = find(asked, mine)
    return found if found is not None or asked.possible(mine) is not True else find(asked, atoms)


def _further(
    asked: Asked, first: MinimalConflict, own: Collection[str] | None = None
) -> list[MinimalConflict]:
    """Give more conflicts until what is left is possible: no policy and no size stands in two of them."""
    left = [atom for atom in asked.atomized.every if atom not in first.rules]
    found: list[MinimalConflict] = []
    while (more := _preferred(asked, left, own)) is not None:
        found.append(more)
        left = [atom for atom in left if atom not in more.rules]
    return found


def _fix(remedy: Remedy, reveal: bool) -> Fix:
    change = "; ".join(change.describe(reveal) for change in remedy.changes)
    return Fix(change=change, cost=remedy.cost, placement=remedy.result.placement)
