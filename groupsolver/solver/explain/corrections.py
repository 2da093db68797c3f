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
from groupsolver.constraints.problem.problem import Rule, Scene
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Result
from groupsolver.solver.explain.feasibility import Asked, Oracle
from groupsolver.solver.explain.hitting_set import Clause, Turn, cheapest
from groupsolver.solver.explain.quickxplain import Found, find
from groupsolver.solver.explain.relaxations import Knob, State, changes_of, knobs_of
from groupsolver.solver.explain.rules import Atom, Atomized, Piece, Size

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
    """Searches the states of an application's knobs; what one search learns serves the next.

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
        found: Found,
        own: Collection[str] | None = None,
    ) -> None:
        self._atomized = atomized
        self._fleet = fleet
        self._oracle = oracle
        self._knobs = knobs_of(atomized, costs, own)
        self._clauses: list[Clause] = []
        self._possible: dict[frozenset[tuple[Knob, int]], Remedy] = {}
        self._learn(found, {}, atomized)

    def cheapest(self, kinds: Collection[Kind]) -> Remedy | None:
        """Give the cheapest changes of some kinds alone; None where there are none, or time is short."""
        until = self._oracle.run.elapsed() + SECONDS
        for _ in range(ROUNDS):
            if self._oracle.run.elapsed() > until:
                return None
            state = cheapest(self._clauses, kinds)
            if state is None or self._oracle.run.left() <= 0:
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
                cost = sum(knob.cost(position) for knob, position in state.items())
                self._possible[key] = Remedy(tuple(changes), cost, result)
                return self._possible[key]
            atomized = Atomized(Scene(app, fleet.index))
            found = find(Asked(atomized, fleet, self._oracle))
            if found is None:
                return None
            self._learn(found, state, atomized)
        return None

    def _learn(self, found: Found, state: State, atomized: Atomized) -> None:
        """Turn a conflict into a clause, with each knob as far as the conflict stays one."""
        pieces = [atom for atom in found.atoms if isinstance(atom, Piece)]
        needed = {group for piece in pieces for group in atomized.helping(piece)}
        sizes = {atom.group for atom in found.atoms if isinstance(atom, Size)}
        turned: dict[Knob, int] = {}
        exact: list[Turn] = []
        for knob in self._knobs:
            position = state.get(knob, 0)
            if knob.policy is not None and self._rested_on(knob, pieces, atomized.scene):
                exact.append(Turn(knob, position, elsewhere=True))
            elif knob.policy is None:
                if knob.group in sizes and knob.group in needed:
                    exact.append(Turn(knob, position, elsewhere=True))
                elif knob.group in sizes:
                    turned[knob] = position
            elif any(self._same(piece, knob, position) for piece in pieces):
                turned[knob] = position
        for knob in turned:
            turned[knob] = self._furthest(found, {**state, **turned}, knob)
        clause = [Turn(knob, position) for knob, position in turned.items()]
        self._clauses.append((*clause, *exact))

    def _rested_on(self, knob: Knob, pieces: list[Piece], scene: Scene) -> bool:
        """Whether what some piece says depends on where a policy's knob stands: that may then forbid more, turned."""
        assert knob.policy is not None  # noqa: S101 - asked of policies' knobs
        rule = Rule(knob.group, knob.policy)
        return any(piece.policy.rests_on(piece.group, rule, scene) for piece in pieces)

    def _same(self, piece: Piece, knob: Knob, position: int) -> bool:
        told = knob.at(position).policy if position else knob.policy
        return piece.group == knob.group and piece.policy is told

    def _furthest(self, found: Found, state: dict[Knob, int], knob: Knob) -> int:
        """Give the furthest position at which the conflict's rules are still impossible, as far as can be told."""
        low, high = state[knob], knob.last
        if knob.policy is not None and high and knob.at(high).kind != "relax":
            high -= 1  # there it is no rule any more
        step = count(0)
        while low < high:
            # First nearby, as most numbers need not go far; then by halves.
            middle = min(low + 2 ** next(step), (low + high + 1) // 2)
            if self._impossible(found, {**state, knob: middle}):
                low = middle
            else:
                high = middle - 1
        return low

    def _impossible(self, found: Found, state: State) -> bool:
        """Whether the rules of a conflict contradict each other in another state."""
        app, _ = changed(self._atomized.app, self._fleet, changes_of(self._atomized, state))
        atomized = Atomized(Scene(app, self._fleet.index))
        kept: list[Atom] = [atom for atom in atomized.every if not isinstance(atom, Piece) and atom in found.atoms]
        for atom in found.atoms:
            if isinstance(atom, Piece):
                kept += self._now(atom, state, atomized)
        return Asked(atomized, self._fleet, self._oracle).possible(kept) is False

    def _now(self, atom: Piece, state: State, atomized: Atomized) -> list[Atom]:
        """Give a piece of another state as it is in this one."""
        for knob, position in state.items():
            if knob.policy is not None and knob.group == atom.group:
                told = {id(knob.policy), *(id(at.policy) for at in knob.positions)}
                if id(atom.policy) in told:
                    now = knob.at(position).policy if position else knob.policy
                    return [piece for piece in atomized.pieces if piece.group == atom.group and piece.policy is now]
        return [piece for piece in atomized.pieces if piece.group == atom.group and piece.policy is atom.policy]
