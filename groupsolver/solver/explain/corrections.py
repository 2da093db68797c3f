"""The cheapest changes to what is asked for: policies and sizes.

Conflicts say what is needed: of each, something must be turned further than it is. The cheapest
state that all known conflicts agree to is asked about; where it is impossible still, its own conflict
joins them. The first that is possible is the cheapest of all, since whatever is cheaper was refuted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import count

from groupsolver.changes.change import Change, Kind, changed
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import rests_on
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result
from groupsolver.solver.explain.feasibility import Asked, Oracle
from groupsolver.solver.explain.hitting_set import Clause, Literal, cheapest
from groupsolver.solver.explain.quickxplain import MinimalConflict, find
from groupsolver.solver.explain.relaxations import Relaxation, State, changes_of, knobs_of
from groupsolver.solver.explain.rules import Atomized, PolicyRule, RuleAtom, SizeRule

ROUNDS = 20  # conflicts that one search looks at
SECONDS = 3.0  # after which it looks at no more


@dataclass(frozen=True)
class Remedy:
    """Changes that make the batch possible, and the answer that shows it."""

    changes: tuple[Change, ...]
    cost: int
    result: Result

    @property
    def kinds(self) -> frozenset[Kind]:
        """What kinds of changes they are."""
        return frozenset(change.kind for change in self.changes)


class Corrections:
    """Searches the states of an application's relaxations; what one search learns serves the next.

    Parameters
    ----------
    atomized : Atomized
        The application, which is impossible.
    fleet : CompiledFleet
    oracle : Oracle
    costs : Costs
    found : Found
        A conflict of it.
    own : collection of str, optional
        Groups whose policies may be changed; by default all.
    """

    def __init__(
        self,
        atomized: Atomized,
        fleet: CompiledFleet,
        oracle: Oracle,
        costs: Costs,
        found: MinimalConflict,
        own: Collection[str] | None = None,
    ) -> None:
        self._atomized = atomized
        self._fleet = fleet
        self._oracle = oracle
        self._knobs = knobs_of(atomized, costs, own)
        self._clauses: list[Clause] = []
        self._possible: dict[frozenset[tuple[Relaxation, int]], Remedy] = {}
        self._learn(found, {}, atomized)

    def cheapest(self, kinds: Collection[Kind]) -> Remedy | None:
        """Give the cheapest changes of some kinds alone; None where there are none, or time is short."""
        until = self._oracle.budget.elapsed() + SECONDS
        for _ in range(ROUNDS):
            if self._oracle.budget.elapsed() > until:
                return None
            state = cheapest(self._clauses, kinds)
            if state is None or self._oracle.budget.left() <= 0:
                return None
            key = frozenset(state.items())
            if key in self._possible:
                return self._possible[key]
            changes = changes_of(self._atomized, state)
            app, fleet = changed(self._atomized.app, self._fleet, changes)
            result = self._oracle.ask(app, fleet)
            if result.status == "unknown":
                return None
            if result.status != "infeasible":
                cost = sum(relaxation.cost(position) for relaxation, position in state.items())
                self._possible[key] = Remedy(tuple(changes), cost, result)
                return self._possible[key]
            atomized = Atomized(Problem(app, fleet.index))
            found = find(Asked(atomized, fleet, self._oracle))
            if found is None:
                return None
            self._learn(found, state, atomized)
        return None

    def _learn(self, found: MinimalConflict, state: State, atomized: Atomized) -> None:
        """Turn a conflict into a clause, with each relaxation as far as the conflict stays one."""
        pieces = [atom for atom in found.atoms if isinstance(atom, PolicyRule)]
        needed = {group for piece in pieces for group in atomized.helping(piece)}
        sizes = {atom.group for atom in found.atoms if isinstance(atom, SizeRule)}
        turned: dict[Relaxation, int] = {}
        exact: list[Literal] = []
        for relaxation in self._knobs:
            position = state.get(relaxation, 0)
            if relaxation.policy is not None and self._rested_on(
                relaxation, pieces, atomized.problem
            ):
                exact.append(Literal(relaxation, position, elsewhere=True))
            elif relaxation.policy is None:
                if relaxation.group in sizes and relaxation.group in needed:
                    exact.append(Literal(relaxation, position, elsewhere=True))
                elif relaxation.group in sizes:
                    turned[relaxation] = position
            elif any(self._same(piece, relaxation, position) for piece in pieces):
                turned[relaxation] = position
        for relaxation in turned:
            turned[relaxation] = self._furthest(found, {**state, **turned}, relaxation)
        clause = [Literal(relaxation, position) for relaxation, position in turned.items()]
        self._clauses.append((*clause, *exact))

    def _rested_on(
        self, relaxation: Relaxation, pieces: list[PolicyRule], problem: Problem
    ) -> bool:
        """Whether what some piece says depends on where a policy's relaxation stands: that may then forbid more, turned."""
        assert relaxation.policy is not None  # noqa: S101 - asked of policies' relaxations
        return any(
            rests_on(piece.policy, piece.group, relaxation.policy, relaxation.group, problem)
            for piece in pieces
        )

    def _same(self, piece: PolicyRule, relaxation: Relaxation, position: int) -> bool:
        told = relaxation.at(position).policy if position else relaxation.policy
        return piece.group == relaxation.group and piece.policy is told

    def _furthest(
        self, found: MinimalConflict, state: dict[Relaxation, int], relaxation: Relaxation
    ) -> int:
        """Give the furthest position at which the conflict's rules are still impossible, as far as can be told."""
        low, high = state[relaxation], relaxation.last
        if relaxation.policy is not None and high and relaxation.at(high).kind != "relax":
            high -= 1  # there it is no rule any more
        step = count(0)
        while low < high:
            # First nearby, as most numbers need not go far; then by halves.
            middle = min(low + 2 ** next(step), (low + high + 1) // 2)
            if self._impossible(found, {**state, relaxation: middle}):
                low = middle
            else:
                high = middle - 1
        return low

    def _impossible(self, found: MinimalConflict, state: State) -> bool:
        """Whether the rules of a conflict contradict each other in another state."""
        app, _ = changed(self._atomized.app, self._fleet, changes_of(self._atomized, state))
        atomized = Atomized(Problem(app, self._fleet.index))
        kept: list[RuleAtom] = [
            atom
            for atom in atomized.every
            if not isinstance(atom, PolicyRule) and atom in found.atoms
        ]
        for atom in found.atoms:
            if isinstance(atom, PolicyRule):
                kept += self._now(atom, state, atomized)
        return Asked(atomized, self._fleet, self._oracle).possible(kept) is False

    def _now(self, atom: PolicyRule, state: State, atomized: Atomized) -> list[RuleAtom]:
        """Give a piece of another state as it is in this one."""
        for relaxation, position in state.items():
            if relaxation.policy is not None and relaxation.group == atom.group:
                told = {id(relaxation.policy), *(id(at.policy) for at in relaxation.positions)}
                if id(atom.policy) in told:
                    now = relaxation.at(position).policy if position else relaxation.policy
                    return [
                        piece
                        for piece in atomized.pieces
                        if piece.group == atom.group and piece.policy is now
                    ]
        return [
            piece
            for piece in atomized.pieces
            if piece.group == atom.group and piece.policy is atom.policy
        ]
