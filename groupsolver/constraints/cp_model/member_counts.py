"""Counts of members, in domains and on hosts, as expressions of a CP-SAT model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np
from ortools.sat.python import cp_model

from groupsolver.constraints.cp_model.expression_model import ExpressionModel
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import EVERYONE
from groupsolver.model.compiled.arrays import Ints, Mask


class MemberCounts(ExpressionModel):
    """A CP-SAT model of where members of one compiled problem land, on chosen candidates.

    Parameters
    ----------
    compiled : CompiledProblem
    rows : sequence of (C,) int64, one a member class
        The hosts where members of the member class may land.
    most : sequence of (C,) int64, one a member class
        How many of the member class each of these may take, at least 1.
    optional : collection of int, optional
        Member classes of which members may be left out.
    base : ExpressionModel, optional
        One whose model this one adds to; None: a model of its own.

    Attributes
    ----------
    placed : list of list of IntVar
        For each member class and candidate, how many members land there.
    totals : dict of int to IntVar
        By optional member class: how many of its members are placed.
    inside : dict of (int, int) to list of (int, IntVar)
        By member class and row of the fleet, where hosts have cells that compete: each cell, and
        how many members land in it.
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
        optional: Collection[int] = (),
        base: ExpressionModel | None = None,
    ) -> None:
        super().__init__(base)
        self.compiled = compiled
        self.rows = rows
        self.most = most
        self.inside: dict[tuple[int, int], list[tuple[int, cp_model.IntVar]]] = {}
        self.openings: dict[int, cp_model.IntVar] = {}
        self.absent: set[int] = set()
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

    def opened(self, row: int) -> Linear:
        """Return, 0 or 1, whether any new member lands on a row of the fleet."""
        if row not in self._opened:
            self._opened[row] = self.some(self.landed[row])
        return self._opened[row]

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
