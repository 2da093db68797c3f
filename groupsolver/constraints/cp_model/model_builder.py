"""The vocabulary in which policies are turned into CP-SAT: count, uses, require.

Hard and soft are one mechanism, `ModelBuilder.require`; no policy writes slack of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.expression_model import ExpressionModel, sum_of
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.member_counts import MemberCounts
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.arrays import Ints


class ModelBuilder(MemberCounts):
    """A CP-SAT model of one compiled problem: what its policies require, and what all costs.

    Parameters
    ----------
    compiled, rows, most
        See `MemberCounts`.
    unit : int
        Points that one unit of weight costs.
    optional, base
        See `MemberCounts`.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        rows: Sequence[Ints],
        most: Sequence[Ints],
        unit: int,
        optional: Collection[int] = (),
        base: ExpressionModel | None = None,
    ) -> None:
        super().__init__(compiled, rows, most, optional, base)
        self._unit = unit
        self._cost = Linear()
        self._spent: dict[int, Linear] = {}  # by priority: what its rules cost, in units of weight

    def require(self, policy: BasePolicy, measure: Sequence[Linear], limit: int = 0) -> None:
        """Require ``sum(max(0, part - limit) for part in measure)`` to be 0, or price it.

        Hard: each part is at most `limit`, or at most its value while nothing new is placed
        (`Linear.const`), where running members are above the limit already. Soft: an integer
        excess for each part, priced at the policy's weight, or counted against its tier's budget.

        Raises
        ------
        ValueError
            Where a hard policy would forbid nothing: a part is above the limit while nothing new
            is placed, and running members are not why. Then either new members can also lower the
            part (it has a negative coefficient), or nothing runs at all. ``3 - domains covered`` is
            such a part: it is 3 while nothing is placed, and "at most 3" says nothing.
            `require_sum` holds such measures.
        """
        if policy.weight is None:
            for part in measure:
                self._forbids_something(policy, part, limit)
                self.at_most(part, max(limit, part.const))
            return
        for part in measure:
            self._price_excess(policy, part, limit)

    def _forbids_something(self, policy: BasePolicy, part: Linear, limit: int) -> None:
        if part.const <= limit:
            return
        if min(part.coefs, default=0) < 0 or not self.compiled.problem.running_members:
            raise ValueError(
                f"{policy.kind}: a part of the measure is {part.const} while nothing new is "
                f"placed, above its limit {limit}, and running members are not why: "
                "as a hard rule it forbids nothing"
            )

    def _account(self, policy: BasePolicy) -> tuple[Linear, int]:
        """Return the cost that a soft policy adds to, and the points of one unit of its measure."""
        weight = policy.weight or 0
        if policy.priority is None:
            return self._cost, weight * self._unit
        return self._spent.setdefault(policy.priority, Linear()), weight

    def _price_excess(self, policy: BasePolicy, part: Linear, limit: int) -> None:
        cost, points = self._account(policy)
        if not part.vars:
            cost.const += points * max(0, part.const - limit)
            return
        most = self.high(part) - limit
        if most > 0:
            excess = self.number(most)
            self.at_most(part.plus(Linear([excess], [-1])), limit)
            cost.vars.append(excess)
            cost.coefs.append(points)

    def require_rising(self, policy: BasePolicy, measure: Sequence[Linear], limit: int) -> None:
        """Require ``sum(t * (t + 1) / 2 for t in excesses)`` to be 0, or price it.

        The excess of a part is ``max(0, part - limit)``. Hard: as `require`. Soft: the k-th member
        above the limit costs k times the policy's weight.
        """
        if policy.weight is None:
            self.require(policy, measure, limit)
            return
        cost, points = self._account(policy)
        for part in measure:
            before = max(0, part.const - limit)
            cost.const += points * before * (before + 1) // 2
            steps = self.steps(part, max(limit, part.const))
            cost.vars.extend(steps)
            cost.coefs.extend(points * (before + number) for number in range(1, len(steps) + 1))

    def require_sum(self, policy: BasePolicy, measure: Sequence[Linear], before: int) -> None:
        """Require ``sum(max(0, part) for part in measure)`` to be at most `before`, or price it.

        For a measure that new members may also lower, so that its parts cannot be held one by one.
        `before` is the measure of the running members alone.
        """
        if policy.weight is not None:
            self.require(policy, measure)
        elif not before:
            for part in measure:
                self.at_most(part, 0)
        else:
            excesses = [self.largest([part]) for part in measure]
            self.at_most(self.total(excesses), before)

    def price(self, prices: Sequence[Ints], step_price: int, max_new: Ints | None = None) -> None:
        """Price members by member class and candidate, and further members of one host.

        The k-th new member of a host costs ``step_price * (k - 1)`` in addition. No host takes more
        than `max_new`, (H,) int64.
        """
        for member_class, found in enumerate(self.placed):
            self._cost.vars.extend(found)
            self._cost.coefs.extend(prices[member_class].tolist())
        if step_price:
            for row, count in self.landed.items():
                most = None if max_new is None else int(max_new[row])
                if most is not None:
                    self.at_most(count, most)
                steps = self.steps(count, 1, most)
                self._cost.vars.extend(steps)
                self._cost.coefs.extend(step_price * k for k in range(1, len(steps) + 1))

    def price_openings(self, prices: Ints) -> None:
        """Price each host, (H,) int64, where any new member lands."""
        for row in self.landed:
            if prices[row]:
                self.charge(self.opened(row), int(prices[row]))

    def charge(self, expr: Linear, points: int) -> None:
        """Price each unit of an expression."""
        self._cost.vars.extend(expr.vars)
        self._cost.coefs.extend(points * coef for coef in expr.coefs)
        self._cost.const += points * expr.const

    def bound(self, tier: int, budget: int) -> None:
        """Bound what the rules of a tier cost together, in units of weight, once all are posted."""
        self.at_most(self._spent.get(tier, Linear()), budget)

    def minimize(self, offset: int = 0, tier: int | None = None) -> None:
        """Minimise the sum of all prices, or a tier's cost.

        `offset` are points that are paid in any case.
        """
        self._cost = self._cost if tier is None else self._spent.get(tier, Linear())
        self._cost.const += offset
        self.model.minimize(sum_of(self._cost) + self._cost.const)

    def minimize_only(self, cost: Linear) -> None:
        """Minimise an expression in place of all prices."""
        self._cost = cost
        self.model.minimize(sum_of(cost) + cost.const)

    @property
    def cost(self) -> Linear:
        """What is minimised; all prices before that."""
        return self._cost

    def floor(self, bound: int) -> None:
        """Post what the objective costs at least: a search that reaches it is done."""
        self.at_most(self._cost.times(-1), -bound)

    def objective(self, solver: cp_model.CpSolver) -> int:
        """Return the objective of what `solver` found, in whole numbers."""
        cost = self._cost
        return cost.const + sum(
            c * solver.value(v) for v, c in zip(cost.vars, cost.coefs, strict=True)
        )
