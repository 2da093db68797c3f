"""A CP-SAT model that chooses which members are placed, and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.protocols.optional_members import encode_size
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.exact.cp_sat import build_constraints, solve_hinted
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.optional_members.relaxed_problem import RelaxedProblem
from groupsolver.solver.optional_members.selections import OptionalClasses, Selection
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts


@dataclass(frozen=True)
class ChosenSelection:
    """What the model found.

    Attributes
    ----------
    selection : tuple of int or None
        Members placed, by member class; None where nothing was found.
    assignments : list of (int, int)
        ``(member class, row)`` of each member.
    bound : int or None
        A proved lower bound of what is minimised, over the selections that are not excluded.
    infeasible : bool
        Whether it is proved that no selection is left.
    """

    selection: Selection | None
    assignments: list[Assignment]
    bound: int | None
    infeasible: bool


class SelectionModel:
    """The model of a problem with optional members.

    For each optional class an integer says how many of its members are placed::

        sum(placed[class, host] for host in hosts) == total[class] <= members of the class

    What is left out has a price, its value. The most valuable members of a class are placed first,
    so each value v of a class has an integer of its own: how many members of value v are placed.

    Parameters
    ----------
    relaxed : RelaxedProblem
    classes : OptionalClasses
    objective : {"pack", "spread", "cost"}

    Attributes
    ----------
    eligibility : Eligibility
    candidates : list of (C,) int64, one a member class

    Nothing else is to be asked before `build`.
    """

    def __init__(
        self, relaxed: RelaxedProblem, classes: OptionalClasses, objective: Objective
    ) -> None:
        self._relaxed = relaxed
        self._classes = classes
        self.eligibility = find_eligibility(relaxed.compiled, objective)
        self.candidates = reduce_hosts(relaxed.compiled, self.eligibility, classes.optional)

    def build(self) -> None:
        """Build the model. It takes a second for each `CANDIDATES_PER_SECOND` candidates."""
        relaxed = self._relaxed
        classes = self._classes
        self._builder = build_constraints(
            relaxed.compiled, self.eligibility, self.candidates, classes.optional
        )
        self._builder.bound_shared_domains()
        self._bound_hosts()
        for rule in relaxed.changed:
            encode_size(rule.policy, rule.group, self._builder.size(rule.group), self._builder)
        self._bundles = [self._builder.number(1) for _ in classes.bundles]
        for required in classes.requirements:
            totals = [self._builder.totals[index] for index in required.classes]
            placed = Linear(totals, [-1] * len(totals))
            self._builder.at_most(placed.plus(self._if_placed(required.bundle, required.least)), 0)
        self._bind_bundles()
        self._prices = self._builder.cost
        self._value_lost = self._post_values()

    def _if_placed(self, bundle: int | None, number: int) -> Linear:
        """Return a number where a bundle is placed, else 0; the number without a bundle."""
        if bundle is None:
            return Linear(const=number)
        return Linear([self._bundles[bundle]], [number])

    def _bind_bundles(self) -> None:
        """Place the members of a bundle together, and no bundle without those that it needs."""
        classes = self._classes
        for number, bundle in enumerate(classes.bundles):
            below = {
                index
                for group in bundle.groups
                for index in self._relaxed.compiled.member_classes_below(group)
            }
            for index in sorted(below):
                total = Linear([self._builder.totals[index]], [1])
                most = self._if_placed(number, classes.numbers[index])
                self._builder.at_most(total.plus(most, -1), 0)
                if index not in classes.values:
                    self._builder.at_most(most.plus(total, -1), 0)
            for needed in bundle.needs:
                self._builder.model.add_implication(self._bundles[number], self._bundles[needed])
            if not classes.requires_members(number):
                # It is placed wherever it can be, so that a selection says which bundles are.
                missing = [~self._bundles[needed] for needed in bundle.needs]
                self._builder.model.add_bool_or([self._bundles[number], *missing])

    def _bound_hosts(self) -> None:
        """Bound the members of all classes on each host by what the smallest of them takes.

        It follows from the capacity, but the linear relaxation does not round: a host with 7 VCPU
        takes one member of 4 VCPU of whatever group, and not 1.75.
        """
        compiled = self._relaxed.compiled
        sizes = [dict(one.size) for one in compiled.member_classes]
        names = {name for size in sizes for name in size}
        free = {name: compiled.fleet.free(name) for name in names}
        on_all_hosts = 0
        for row, here in self._builder.at.items():
            smallest = {name: min(sizes[index].get(name, 0) for index, _ in here) for name in names}
            places = [int(free[name][row]) // least for name, least in smallest.items() if least]
            landed = self._builder.landed[row]
            most = max(0, min([self._builder.high(landed), *places]))
            self._builder.at_most(landed, most)
            on_all_hosts += most
        # The rows of single hosts are lost where CP-SAT rewrites them.
        totals = list(self._builder.totals.values())
        required = sum(self._classes.numbers) - sum(
            self._classes.numbers[index] for index in self._classes.optional
        )
        self._builder.at_most(Linear(totals, [1] * len(totals), required), on_all_hosts)

    def _post_values(self) -> Linear:
        """Return the sum of the values of the members and the bundles that are left out."""
        values = [self._classes.bundle_weight * one.value for one in self._classes.bundles]
        lost = Linear([*self._bundles], [-value for value in values], sum(values))
        for class_index, values in self._classes.values.items():
            by_value = Linear([self._builder.totals[class_index]], [-1])
            for value, number in Counter(values).items():
                placed = self._builder.number(number)
                by_value = by_value.plus(Linear([placed], [1]))
                lost = lost.plus(Linear([placed], [-value], value * number))
            self._builder.at_most(by_value, 0)
            self._builder.at_most(by_value.times(-1), 0)
        return lost

    @property
    def candidate_count(self) -> int:
        """How many candidates there are, over all member classes."""
        return sum(map(len, self.candidates))

    def minimise_value_lost(
        self, hint: list[Assignment] | None, budget: Budget, seconds: float, gap: float
    ) -> ChosenSelection:
        """Leave out what is worth least."""
        self._builder.minimize_only(self._value_lost)
        return self._solve(hint, budget, seconds, gap)

    def minimise_objective(
        self, hint: list[Assignment] | None, budget: Budget, seconds: float, gap: float
    ) -> ChosenSelection:
        """Minimise the sum of all prices; they are a lower bound where policies are relaxed."""
        self._builder.minimize_only(self._prices)
        return self._solve(hint, budget, seconds, gap)

    def find_any(self, budget: Budget, seconds: float) -> ChosenSelection:
        """Find any selection that is not excluded."""
        self._builder.minimize_only(Linear())
        return self._solve(None, budget, seconds, 0.0)

    def bound_value_lost(self, most: int) -> None:
        """Leave out no more than so much."""
        self._builder.at_most(self._value_lost, most)

    def exclude(self, selection: Selection, and_larger: bool = False) -> None:
        """Exclude a selection, and those that place as many members of each class or more."""
        model = self._builder.model
        others = []
        placed = frozenset(self._classes.placed_bundles(selection))
        for number, variable in enumerate(self._bundles):
            if number in placed:
                others.append(~variable)
            elif not and_larger:
                others.append(variable)
        for class_index in self._classes.values:
            total = self._builder.totals[class_index]
            number = selection[class_index]
            if number > 0:
                fewer = model.new_bool_var("")
                model.add(total <= number - 1).only_enforce_if(fewer)
                others.append(fewer)
            if number < self._classes.numbers[class_index] and not and_larger:
                more = model.new_bool_var("")
                model.add(total >= number + 1).only_enforce_if(more)
                others.append(more)
        model.add_bool_or(others)

    def _solve(
        self, hint: list[Assignment] | None, budget: Budget, seconds: float, gap: float
    ) -> ChosenSelection:
        self._builder.clear_hints()
        until = budget.elapsed() + seconds
        outcome = solve_hinted(self._builder, self.candidates, hint, budget, until, gap)
        if outcome.placement is None:
            return ChosenSelection(None, [], outcome.bound, outcome.infeasible)
        placed = Counter(class_index for class_index, _ in outcome.placement)
        selection = tuple(placed[index] for index in range(len(self._classes.numbers)))
        return ChosenSelection(selection, outcome.placement, outcome.bound, infeasible=False)
