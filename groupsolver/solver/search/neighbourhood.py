"""Parts of the problem that the search places anew: some hosts, and members for them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.search.partial_assignment import PartialAssignment
from groupsolver.solver.search.search_problem import SearchProblem

OTHERS_WANTED = 12  # further missing classes that may come along
TARGET_SHARE = 0.6  # of the hosts of a neighbourhood: those for the class that is to be placed
LEAST_ROOM = 0.02  # of the mean host: every host may be chosen now and then


@dataclass(frozen=True)
class Neighbourhood:
    """Hosts whose new members are placed anew, and missing members that may join them.

    Attributes
    ----------
    rows : (N,) int64
        Rows of the fleet, ascending.
    wanted : collection of int
        Member classes of which missing members may be placed on these rows.
    """

    rows: Ints
    wanted: Collection[int] = ()


class HostState:
    """What is left of hosts during a search.

    Parameters
    ----------
    problem : SearchProblem
    assignment : PartialAssignment

    Attributes
    ----------
    left : (R, H) float64
        In units of what the mean host had free.
    """

    def __init__(self, problem: SearchProblem, assignment: PartialAssignment) -> None:
        self._problem = problem
        self.left: Floats = problem.free.copy()
        for row in assignment.in_row:
            self.update(assignment, [row])

    def update(self, assignment: PartialAssignment, rows: Collection[int]) -> None:
        """Follow a change of some rows."""
        sizes = self._problem.sizes
        for row in rows:
            left = self._problem.free[:, row].copy()
            for class_index, number in assignment.in_row.get(row, {}).items():
                left -= number * sizes[class_index]
            self.left[:, row] = left

    def room(self) -> Floats:
        """Return what is left of the scarcest resource of each host, (H,) float64."""
        if not len(self.left):
            return np.ones(self.left.shape[1])
        room: Floats = np.maximum(self.left.min(axis=0), 0.0) + LEAST_ROOM
        return room


class Chooser:
    """Chooses neighbourhoods.

    Parameters
    ----------
    problem : SearchProblem
    rng : numpy.random.Generator
    """

    def __init__(self, problem: SearchProblem, rng: np.random.Generator) -> None:
        self._problem = problem
        self._rng = rng
        fleet = problem.compiled.fleet
        self._enabled = np.flatnonzero(fleet.enabled)
        self._levels = [level for level in fleet.levels if fleet.domains(level) > 1]
        self._cheapest = [
            int(prices[most > 0].min()) if (most > 0).any() else 0
            for prices, most in zip(
                problem.eligibility.prices, problem.eligibility.max_members, strict=True
            )
        ]
        self.for_objective: dict[str, Callable[[PartialAssignment, HostState, int], Ints]] = {
            "dearest": self._dearest,
            "domain": self._domain,
            "group": self._group,
            "dear group": self._dear_group,
            "any": self._any,
        }

    # For members that are missing.

    def for_missing(
        self,
        assignment: PartialAssignment,
        state: HostState,
        class_index: int,
        size: int,
        usable: Mask,
    ) -> Neighbourhood:
        """Return hosts that a missing class could use, and hosts with room for who is there.

        Parameters
        ----------
        class_index : int
        size : int
            Hosts.
        usable : (H,) bool
            Other hosts are not to be chosen.
        """
        together = self._problem.classes_placed_with(class_index)
        room = state.room()
        target = self._hosts_for(assignment, state, class_index, usable)
        targets = self._weighted(target, room, max(2, round(size * TARGET_SHARE)))
        others = self._weighted(self._enabled[usable[self._enabled]], room, size - len(targets))
        here = [row for one in together for row in assignment.on_rows[one] if usable[row]]
        block = self._problem.block_of[class_index]
        moved = here if block.shares_one_domain and block.level == HOST else []
        rows = np.unique(np.concatenate([targets, others, np.array(moved, dtype=np.int64)]))
        wanted = {one for one in together if assignment.missing[one]}
        return Neighbourhood(rows, wanted | self._others(assignment))

    def _others(self, assignment: PartialAssignment) -> set[int]:
        """Return a few missing classes that need not be placed whole."""
        bundle_of = self._problem.couplings.bundle_of
        classes = self._problem.compiled.member_classes
        missing = assignment.classes_missing
        chosen = self._rng.permutation(len(missing))[:OTHERS_WANTED].tolist()
        found = {missing[at] for at in chosen}
        return {index for index in found if classes[index].group not in bundle_of}

    def _hosts_for(
        self, assignment: PartialAssignment, state: HostState, class_index: int, usable: Mask
    ) -> Ints:
        """Return rows where a missing class could be placed, if others moved away."""
        problem = self._problem
        block = problem.block_of[class_index]
        may = (problem.eligibility.max_members[class_index] > 0) & usable
        if not block.shares_one_domain or block.level is None:
            free = may.copy()
            free[list(assignment.on_rows[class_index])] = False
            return np.flatnonzero(free if free.any() else may)
        if block.level == HOST:
            return self._hosts_for_all(state, block.member_classes, usable)
        codes = problem.compiled.fleet.codes(block.level)
        here = [row for one in block.member_classes for row in assignment.on_rows[one]]
        if here:
            return np.flatnonzero(may & (codes == codes[here[0]]))
        rows = np.flatnonzero(may & (codes >= 0))
        if not len(rows):
            return rows
        room = np.zeros(int(codes.max()) + 1)
        np.add.at(room, codes[rows], state.room()[rows])
        chosen = int(np.argmax(room * np.sqrt(self._rng.random(len(room)))))
        inside: Ints = rows[codes[rows] == chosen]
        return inside

    def _hosts_for_all(self, state: HostState, classes: tuple[int, ...], usable: Mask) -> Ints:
        """Return rows that all members of some classes fit on, were they empty.

        Those where the least stands in the way come first; of them a few are returned.
        """
        problem = self._problem
        numbers = problem.numbers
        need = sum(problem.sizes[one] * numbers[one] for one in classes)
        may = usable & (problem.free >= np.reshape(need, (-1, 1)) - 1e-9).all(axis=0)
        for one in classes:
            may &= problem.eligibility.max_members[one] >= numbers[one]
        rows = np.flatnonzero(may)
        in_the_way = np.maximum(np.reshape(need, (-1, 1)) - state.left[:, rows], 0).sum(axis=0)
        noisy = in_the_way + 0.5 * self._rng.random(len(rows)) * (
            in_the_way.mean() if len(rows) else 0
        )
        return rows[np.argsort(noisy, kind="stable")[: max(3, len(rows) // 20)]]

    def _weighted(self, rows: Ints, weights: Floats, number: int) -> Ints:
        """Return some of the rows, those of more weight more often."""
        return self._ranked(rows, weights[rows], number)

    def _ranked(self, rows: Ints, weights: Floats, number: int) -> Ints:
        """Return some of the rows, those of more weight, (rows,) float64, more often."""
        keys = weights * self._rng.random(len(rows))
        return rows[np.argsort(-keys, kind="stable")[: max(0, number)]]

    # For a better objective.

    def for_better(
        self, name: str, assignment: PartialAssignment, state: HostState, size: int, usable: Mask
    ) -> Neighbourhood:
        """Return hosts whose members may cost less elsewhere."""
        rows = self.for_objective[name](assignment, state, size)
        return Neighbourhood(np.unique(rows[usable[rows]]))

    def _any(self, assignment: PartialAssignment, state: HostState, size: int) -> Ints:
        return self._rng.permutation(self._enabled)[:size]

    def _dearest(self, assignment: PartialAssignment, state: HostState, size: int) -> Ints:
        """Return hosts where members pay most, and the cheapest of hosts that take them."""
        prices = self._problem.eligibility.prices
        regret = np.zeros(len(state.left[0]) if len(state.left) else 0)
        for row, counts in assignment.in_row.items():
            regret[row] = sum(
                number * (int(prices[index][row]) - self._cheapest[index])
                for index, number in counts.items()
            )
        occupied = np.flatnonzero(regret > 0)
        if not len(occupied):
            return self._any(assignment, state, size)
        dear = self._weighted(occupied, regret, max(1, size // 2))
        one = self._rng.choice(list(assignment.in_row[int(dear[0])]))
        may = np.flatnonzero(self._problem.eligibility.max_members[one] > 0)
        saved = prices[one].max() + 1 - prices[one].astype(np.float64)
        cheap = self._weighted(may, saved**2 * state.room(), size - len(dear))
        return np.concatenate([dear, cheap])

    def _domain(self, assignment: PartialAssignment, state: HostState, size: int) -> Ints:
        """Return hosts of one domain of a level."""
        if not self._levels:
            return self._any(assignment, state, size)
        level = self._levels[int(self._rng.integers(len(self._levels)))]
        codes = self._problem.compiled.fleet.codes(level)
        seed = int(self._rng.choice(self._enabled))
        rows = np.flatnonzero((codes == codes[seed]) & self._problem.compiled.fleet.enabled)
        return self._rng.permutation(rows)[:size]

    def _group(self, assignment: PartialAssignment, state: HostState, size: int) -> Ints:
        """Return hosts of members whom one rule counts, and hosts that could take them."""
        index = int(self._rng.integers(len(self._problem.numbers)))
        here = np.array(sorted(assignment.on_rows[index]), dtype=np.int64)
        here = self._rng.permutation(here)[: max(1, size // 2)]
        may = np.flatnonzero(self._problem.eligibility.max_members[index] > 0)
        return np.concatenate([here, self._weighted(may, state.room(), size - len(here))])

    def _dear_group(self, assignment: PartialAssignment, state: HostState, size: int) -> Ints:
        """Return the dearest hosts of a class that pays much, and cheaper ones with room for it."""
        prices = self._problem.eligibility.prices
        regrets = np.array(
            [
                sum(
                    number * (int(prices[index][row]) - self._cheapest[index])
                    for row, number in counts.items()
                )
                for index, counts in enumerate(assignment.on_rows)
            ],
            dtype=np.float64,
        )
        if not regrets.any():
            return self._any(assignment, state, size)
        index = int(self._rng.choice(len(regrets), p=regrets / regrets.sum()))
        here = np.array(sorted(assignment.on_rows[index]), dtype=np.int64)
        paid = (prices[index][here] - self._cheapest[index] + 1).astype(np.float64)
        here = self._ranked(here, paid, max(1, size // 2))
        may = np.flatnonzero(self._problem.eligibility.max_members[index] > 0)
        saved = np.maximum(0, prices[index][here].max() + 1 - prices[index][may]).astype(np.float64)
        weights = saved * state.room()[may]
        return np.concatenate([here, self._ranked(may, weights, size - len(here))])
