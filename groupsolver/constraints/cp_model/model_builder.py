"""The vocabulary in which policies are turned into CP-SAT: count, uses, require.

The only file of this floor that knows ortools. Hard and soft are one mechanism,
`ModelBuilder.require`; no policy writes slack of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import EVERYONE
from groupsolver.model.application import BasePolicy
from groupsolver.model.compiled.arrays import Ints, Mask


def _sum(expr: Linear) -> cp_model.LinearExprT:
    """Return an expression as CP-SAT's own, without the constant."""
    return cp_model.LinearExpr.weighted_sum(expr.vars, expr.coefs)


class ModelBuilder:
    """A CP-SAT model of one compiled problem over chosen candidates.

    Parameters
    ----------
    compiled : CompiledProblem
    rows : sequence of (C,) int64, one a member class
        The hosts where members of the member class may land.
    most : sequence of (C,) int64, one a member class
        How many of the member class each of these may take, at least 1.
    unit : int
        Points that one unit of weight costs.
    optional : collection of int, optional
        Member classes of which members may be left out.
    base : ModelBuilder, optional
        The builder of a model that this one adds to; None: a model of its own.

    Attributes
    ----------
    model : CpModel
    placed : list of list of IntVar
        For each member class and candidate, how many members land there.
    inside : dict of (int, int) to list of (int, IntVar)
        By member class and row of the fleet, where hosts have cells that compete: each cell, and
        how many members land in it.
    totals : dict of int to IntVar
        By optional member class: how many of its members are placed.
    openings : dict of int to IntVar
        By row of the fleet, 0 or 1: whether a host is there, or has what is free of it, only
        because it is added or freed. Empty in an ordinary model.
    absent : set of int
        Rows of `openings` of hosts that are not there unless they are added.
    """

    def __init__(
        self,
        compiled: CompiledProblem,
        rows: Sequence[Ints],
        most: Sequence[Ints],
        unit: int,
        optional: Collection[int] = (),
        base: ModelBuilder | None = None,
    ) -> None:
        self.compiled = compiled
        self.model: cp_model.CpModel = cp_model.CpModel() if base is None else base.model
        self.rows = rows
        self.most = most
        self.inside: dict[tuple[int, int], list[tuple[int, cp_model.IntVar]]] = {}
        self.openings: dict[int, cp_model.IntVar] = {}
        self.absent: set[int] = set()
        self._unit = unit
        # By variable of the model: its upper bound.
        self._high: dict[int, int] = {} if base is None else base._high  # noqa: SLF001 - of this class
        self._cost = Linear()
        self._spent: dict[int, Linear] = {}  # by priority: what its rules cost, in units of weight
        self._counts: dict[tuple[str, str], tuple[dict[int, Linear], Linear]] = {}
        self._uses: dict[tuple[str, str], dict[int, Linear]] = {}
        self._opened: dict[int, Linear] = {}
        # By level and domain: members of an optional class beyond what the domain takes, if used.
        self._surpluses: dict[tuple[str, int], list[Linear]] = {}
        self.totals = {
            class_index: self.number(compiled.member_classes[class_index].number)
            for class_index in optional
        }
        self.placed = [self._place(class_index) for class_index in range(len(most))]
        self._class_of = {
            var.index: class_index for class_index, found in enumerate(self.placed) for var in found
        }

    def _place(self, class_index: int) -> list[cp_model.IntVar]:
        """Make the variables of a class, one for each candidate; all its members are placed."""
        placed = [self.number(high) for high in self.most[class_index].tolist()]
        total = self.totals.get(class_index, self.compiled.member_classes[class_index].number)
        self.model.add(cp_model.LinearExpr.sum(placed) == total)
        return placed

    def number(self, high: int) -> cp_model.IntVar:
        """Make a variable of 0 to `high`."""
        var = self.model.new_bool_var("") if high == 1 else self.model.new_int_var(0, high, "")
        self._high[var.index] = high
        return var

    def high(self, expr: Linear) -> int:
        """Return an upper bound of an expression."""
        return expr.const + sum(
            c * self._high[v.index] for v, c in zip(expr.vars, expr.coefs, strict=True) if c > 0
        )

    def _largest_count(self, count: Linear) -> int:
        """Return an upper bound of a count: no class has more members than it has.

        A member of two child groups that a domain counts is in the expression twice.
        """
        most = count.const
        times: dict[int, int] = {}  # by variable: how often the count has it
        for var, coef in zip(count.vars, count.coefs, strict=True):
            times[var.index] = times.get(var.index, 0) + coef
        by_class: dict[int, int] = {}
        most_times: dict[int, int] = {}
        for index, coef in times.items():
            high = coef * self._high[index]
            class_index = self._class_of.get(index)
            if class_index is None:
                most += high
            else:
                by_class[class_index] = by_class.get(class_index, 0) + high
                most_times[class_index] = max(most_times.get(class_index, 0), coef)
        for class_index, high in by_class.items():
            number = self.compiled.member_classes[class_index].number
            most += min(high, number * most_times[class_index])
        return most

    def size(self, group: str) -> Linear:
        """Count a group's members, running ones too: open where members are optional."""
        found = Linear(const=len(self.compiled.problem.running(group)))
        for class_index in self.compiled.member_classes_below(group):
            if class_index in self.totals:
                found.vars.append(self.totals[class_index])
                found.coefs.append(1)
            else:
                found.const += self.compiled.member_classes[class_index].number
        return found

    # The vocabulary of policies.

    @staticmethod
    def total(parts: Iterable[Linear]) -> Linear:
        """Sum many expressions at once."""
        out = Linear()
        for part in parts:
            out.vars.extend(part.vars)
            out.coefs.extend(part.coefs)
            out.const += part.const
        return out

    def count(self, group: str, level: str) -> dict[int, Linear]:
        """Count a group's members, running ones too, in each domain that may hold any."""
        return self._counted(group, level)[0]

    def without_domain(self, group: str, level: str) -> Linear:
        """Count a group's members on hosts in no domain of a level."""
        return self._counted(group, level)[1]

    def _counted(self, group: str, level: str) -> tuple[dict[int, Linear], Linear]:
        if (group, level) not in self._counts:
            running = self.compiled.running(group, level)
            domains = {
                code: Linear(const=int(running[code])) for code in np.flatnonzero(running).tolist()
            }
            without_domain = Linear(const=self.compiled.running_without_domain(group, level))
            codes = self.compiled.fleet.codes(level)
            for member_class in self.compiled.member_classes_below(group):
                for code, var in zip(
                    codes[self.rows[member_class]].tolist(), self.placed[member_class], strict=True
                ):
                    there = without_domain if code < 0 else domains.setdefault(code, Linear())
                    there.vars.append(var)
                    there.coefs.append(1)
            self._counts[group, level] = domains, without_domain
        return self._counts[group, level]

    def uses(self, group: str, level: str) -> dict[int, Linear]:
        """Return for each domain that may hold members of a group, 0 or 1, whether it does."""
        if (group, level) not in self._uses:
            counts = self.count(group, level)
            self._uses[group, level] = {code: self.some(count) for code, count in counts.items()}
        return self._uses[group, level]

    def domains_used(self, group: str, level: str) -> Linear:
        """Count the domains that hold a group's members.

        A member in no domain is one of its own.
        """
        return self.total([*self.uses(group, level).values(), self.without_domain(group, level)])

    def some(self, count: Linear) -> Linear:
        """Return, 0 or 1, whether a count of members is above 0."""
        if count.const > 0:
            return Linear(const=1)
        if len(count.vars) <= 1 and self.high(count) <= 1:
            return count
        used = self.number(1)
        for var in count.vars:
            if self._high[var.index] == 1:
                self.model.add_implication(var, used)
            else:
                self.model.add(var <= self._high[var.index] * used)
        self.model.add(_sum(count) >= used)
        return Linear([used], [1])

    def any_of(self, uses: Sequence[Linear]) -> Linear | None:
        """Return what may be 1 only where one of several uses is; None where there are none."""
        if len(uses) < 2 or any(use.const for use in uses):
            return max(uses, key=lambda use: use.const, default=None)
        used = self.number(1)
        self.at_most(self.total(uses).times(-1).plus(Linear([used], [1])), 0)
        return Linear([used], [1])

    def others_use(self, group: str, level: str) -> dict[int, Linear]:
        """Return for each domain that may hold a group's members, 0 or 1, whether others use it.

        The group may be a project. Others: other members, and used capacity that is not of
        the group's running members.
        """
        foreign = self.compiled.foreign(group, level)
        everyone = self.count(EVERYONE, level)
        own = self.count(group, level)
        used: dict[int, Linear] = {}
        for code, mine in own.items():
            others = everyone[code].const - mine.const
            if foreign[code] or others:
                used[code] = Linear(const=1)
            else:
                kept = {var.index for var in mine.vars}
                vars_ = [var for var in everyone[code].vars if var.index not in kept]
                used[code] = self.some(Linear(vars_, [1] * len(vars_)))
        return used

    def members_on(self, group: str, hosts: Mask) -> Linear:
        """Count a group's members on marked hosts, (H,) bool."""
        counts = self.count(group, "host")
        return self.total(counts[code] for code in counts if hosts[code])

    def largest(self, exprs: Sequence[Linear]) -> Linear:
        """Return what is at least each of some expressions, and 0; tight where that is cheaper."""
        top = self.number(max(1, *(self.high(expr) for expr in exprs)))
        for expr in exprs:
            self.at_most(expr.plus(Linear([top], [-1])), 0)
        return Linear([top], [1])

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

    def steps(self, count: Linear, free: int, limit: int | None = None) -> list[cp_model.IntVar]:
        """Return 0 or 1 for each unit that a count may have above `free`, the first one first.

        It has no more than `limit`.

        ``count <= free + sum(steps)``, and a step is 1 only where those before it are: with prices
        that rise from step to step the relaxation is exact.
        """
        most = self._largest_count(count)
        most = max(0, (most if limit is None else min(most, limit)) - free)
        steps = [self.number(1) for _ in range(most)]
        if steps:
            self.at_most(count.plus(Linear(steps, [-1] * most)), free)
        for earlier, later in pairwise(steps):
            self.model.add_implication(later, earlier)
        return steps

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

    def skew(
        self,
        counts: Sequence[Linear | None],
        size: int,
        present: Sequence[Linear | None] | None = None,
    ) -> Linear:
        """Return what is at least the largest less the smallest of some counts; None counts 0.

        Of a domain that is not `present`, 0 or 1, nothing is counted; None: it is there.
        """
        if not counts:
            return Linear()
        most = self.number(max(1, size))
        least = self.number(max(1, size))
        for count, there in zip(counts, present or [None] * len(counts), strict=True):
            if count is None and there is None:
                self.model.add(least == 0)
                continue
            here = count or Linear()
            self.at_most(here.plus(Linear([most], [-1])), 0)
            if there is not None:
                # least <= count + size where the domain is not there
                here = here.plus(size).plus(there, -size)
            self.at_most(Linear([least], [1]).plus(here, -1), 0)
        return Linear([most, least], [1, -1])

    def present(self, level: str, hosts: Mask, codes: Sequence[int]) -> list[Linear | None]:
        """Return for each of some domains, 0 or 1, whether it has any of some hosts, (H,) bool.

        None: it has, whatever hosts are added; or it is counted for another reason.
        """
        if not self.absent:
            return [None] * len(codes)
        of_row = self.compiled.fleet.codes(level)
        added: dict[int, list[Linear]] = {}
        certain: set[int] = set()
        for row in np.flatnonzero(hosts).tolist():
            code = int(of_row[row])
            if row in self.absent:
                added.setdefault(code, []).append(Linear([self.openings[row]], [1]))
            else:
                certain.add(code)
        return [
            None if code in certain or code not in added else self.some(self.total(added[code]))
            for code in codes
        ]

    def at_most(self, expr: Linear, limit: int) -> None:
        """Post ``expr <= limit``, where that says anything."""
        if self.high(expr) <= limit:
            return
        if expr.vars:
            self.model.add(_sum(expr) <= limit - expr.const)
        else:
            self.model.add_bool_or([])  # nothing that is placed can change it

    def one_holds(self, one: Linear, other: Linear) -> None:
        """Post that one of two expressions, or both, are at most 0."""
        if self.high(one) <= 0 or self.high(other) <= 0:
            return
        first = self.number(1)
        self.at_most(one.plus(Linear([first], [self.high(one)])), self.high(one))
        self.at_most(other.plus(Linear([first], [-self.high(other)])), 0)

    def together(self, group: str, level: str) -> None:
        """Put all members of a group, of which none runs, into one domain.

        Of each member class a domain holds all that are placed or none.
        """
        if not self.compiled.member_classes_below(group):
            return
        codes = self.compiled.fleet.codes(level)
        used = self.uses(group, level)
        domains = [use.vars[0] for use in used.values()]
        if self.totals:
            self.model.add_at_most_one(domains)
        else:
            self.model.add_exactly_one(domains)
        for member_class in self.compiled.member_classes_below(group):
            inside: dict[int, list[cp_model.IntVar]] = {code: [] for code in used}
            for code, var in zip(
                codes[self.rows[member_class]].tolist(), self.placed[member_class], strict=True
            ):
                if code < 0:
                    self.model.add(var == 0)
                else:
                    inside[code].append(var)
            if member_class in self.totals:
                self._bound_total(member_class, level, inside, used)
            for code, found in inside.items():
                here = cp_model.LinearExpr.sum(found)
                number = self.compiled.member_classes[member_class].number
                if member_class in self.totals:
                    most = min(number, sum(self._high[var.index] for var in found))
                    self.model.add(here <= most * used[code].vars[0])
                else:
                    self.model.add(here == number * used[code].vars[0])

    def _bound_total(
        self,
        member_class: int,
        level: str,
        inside: dict[int, list[cp_model.IntVar]],
        used: dict[int, Linear],
    ) -> None:
        """Bound the members placed of an optional class by what the domain in use takes.

        It follows from the rest, but the linear relaxation does not see it without this row.
        """
        number = self.compiled.member_classes[member_class].number
        bound = Linear([self.totals[member_class]], [1])
        for code, found in inside.items():
            most = min(number, sum(self._high[var.index] for var in found))
            bound = bound.plus(used[code], -most)
            surplus = Linear(found, [1] * len(found)).plus(used[code], -most)
            self._surpluses.setdefault((level, code), []).append(surplus)
        self.at_most(bound, 0)

    def bound_shared_domains(self) -> None:
        """Bound the members of all groups together that share one domain each, by domain.

        As the bound of a total, this is for the linear relaxation.
        """
        for surpluses in self._surpluses.values():
            self.at_most(self.total(surpluses), 0)

    def only_where(self, count: Linear, used: Linear) -> None:
        """Allow members of a count only where `used` is 1.

        Variable by variable, which is tighter than a row over their sum.
        """
        if used.vars:
            for var in count.vars:
                self.model.add(var <= self._high[var.index] * used.vars[0])

    # What every model has.

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

    def opened(self, row: int) -> Linear:
        """Return, 0 or 1, whether any new member lands on a row of the fleet."""
        if row not in self._opened:
            self._opened[row] = self.some(self.landed[row])
        return self._opened[row]

    def charge(self, expr: Linear, points: int) -> None:
        """Price each unit of an expression."""
        self._cost.vars.extend(expr.vars)
        self._cost.coefs.extend(points * coef for coef in expr.coefs)
        self._cost.const += points * expr.const

    @cached_property
    def landed(self) -> dict[int, Linear]:
        """Count new members on each row of the fleet where any may land."""
        found = self.at.items()
        return {
            row: Linear([self.placed[member_class][i] for member_class, i in here], [1] * len(here))
            for row, here in found
        }

    @cached_property
    def at(self) -> dict[int, list[tuple[int, int]]]:
        """The member class and the candidate of each variable, by row of the fleet."""
        found: dict[int, list[tuple[int, int]]] = {}
        for member_class, rows in enumerate(self.rows):
            for at, row in enumerate(rows.tolist()):
                found.setdefault(row, []).append((member_class, at))
        return found

    def bound(self, tier: int, budget: int) -> None:
        """Bound what the rules of a tier cost together, in units of weight, once all are posted."""
        self.at_most(self._spent.get(tier, Linear()), budget)

    def minimize(self, offset: int = 0, tier: int | None = None) -> None:
        """Minimise the sum of all prices, or a tier's cost.

        `offset` are points that are paid in any case.
        """
        self._cost = self._cost if tier is None else self._spent.get(tier, Linear())
        self._cost.const += offset
        self.model.minimize(_sum(self._cost) + self._cost.const)

    def minimize_only(self, cost: Linear) -> None:
        """Minimise an expression in place of all prices."""
        self._cost = cost
        self.model.minimize(_sum(cost) + cost.const)

    def clear_hints(self) -> None:
        """Forget a placement that was hinted."""
        self.model.clear_hints()  # type: ignore[no-untyped-call]

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
