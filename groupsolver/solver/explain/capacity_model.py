"""The fewest hosts to add, or to free capacity on, as one CP-SAT model for both.

The candidates of the new members are extended by hosts that do not exist yet, or by more free
capacity on hosts that do. All rules are hard. CP-SAT minimises in two steps::

    1. minimise    sum over h of open[h]           h: hosts that were extended
    2. minimise    sum over h of price(freed[h])   subject to sum over h of open[h] <= the minimum
       of 1

``open[h]`` is 1 where new members use more of host h than is free there, where a host is needed
beside them (`survives`), and where a policy wants a domain alone that others use. In the second
step, a host's whole capacity of a resource class has the price `FREED_SCALE`, and a rank breaks
ties.

Example: a member of 3 VCPU, and hosts with 1 and 2 of 4 VCPU free. Either host is enough in step 1.
Step 2 frees 1 VCPU on the second host (a quarter of it), not 2 on the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from ortools.sat.python.cp_model import IntVar

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.constraints.protocols.exclusivity import Exclusivity, allowed_cohabitants
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.protocols.presolve import host_equivalence
from groupsolver.constraints.protocols.survivability import CheckedAfterSolve
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST
from groupsolver.solver.budget import Budget, PartialBudget
from groupsolver.solver.exact.capacity import post_capacity
from groupsolver.solver.exact.cp_sat import CANDIDATES_PER_SECOND, SearchOutcome, solve_model
from groupsolver.solver.exact.link_cuts import post_link_cuts
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.host_reduction import reduce_hosts

FREED_SCALE = 10**6  # price of a host's whole capacity of a resource class
MAX_CAPACITY = 2**40  # of one resource class on one host: sums must stay within 64 bits
TIME_SHARE_OF_AMOUNTS = 0.3  # of the time, for the second step


class Load(NamedTuple):
    """What new members consume on a host.

    Attributes
    ----------
    total : dict of str to int
        By resource class.
    members : tuple of (int, Size)
        How many there are of each size.
    alone : bool, default False
        Whether nothing else may use the host: a policy wants it, or its domain, for a group alone.
    """

    total: dict[str, int]
    members: tuple[tuple[int, Size], ...]
    alone: bool = False


Loads = dict[int, Load]  # by row


@dataclass(frozen=True)
class EnlargedFleet:
    """A fleet with more hosts, or more free capacity, than there is.

    Attributes
    ----------
    fleet : CompiledFleet
    rows : (N,) int64
        Hosts that are new, or have more free capacity.
    before : CompiledFleet
        The fleet as it is. Hosts that it lacks are new.
    rank : (N,) int64
        Of several hosts that would do, the one of the lowest rank is preferred.
    options : sequence of hashable, optional
        What each of the hosts stands for: hosts of one option are equal. By default each is one.
    ordered : sequence of sequence of sequence of int, optional
        Sets of rows that may take each other's places, several at a time: no more hosts open in one
        than in the one before it.
    """

    fleet: CompiledFleet
    rows: Ints
    before: CompiledFleet
    rank: Ints
    options: Sequence[Hashable] = ()
    ordered: Sequence[Sequence[Sequence[int]]] = ()

    def option_of(self) -> dict[int, Hashable]:
        """Return the option of each row."""
        rows = self.rows.tolist()
        return dict(zip(rows, self.options or rows, strict=True))

    def is_available(self, row: int) -> bool:
        """Return whether new members can land on a host of the fleet as it is."""
        return self.fleet.names[row] in self.before.rows and bool(self.before.enabled[row])


def fewest_hosts(
    app: Application[Any],
    enlarged: EnlargedFleet,
    budget: Budget,
    seconds: float,
    helps: Callable[[Loads], bool | None],
) -> Loads | None:
    """Return the fewest hosts of an enlarged fleet that must be new or freed.

    The model leaves out what it cannot say, such as `survives`: it is a relaxation. So what it
    finds is tried. Where that does not help, it is excluded, and the next is found.

    Parameters
    ----------
    app : Application
        Without soft policies.
    enlarged : EnlargedFleet
    budget : Budget
    seconds : float
        Time for all of it.
    helps : callable
        Returns whether an application is possible with these hosts; None if it was not decided.

    Returns
    -------
    dict of int to Load, or None
        The load of each such host, by row. None if no number of hosts is enough, or the minimum was
        not proved in time.
    """
    compiled = CompiledProblem(Problem(app, enlarged.fleet.index), enlarged.fleet)
    candidates = _Candidates.of(compiled, enlarged)
    if candidates.count() > CANDIDATES_PER_SECOND * seconds or _is_huge(compiled, enlarged):
        return None
    # What this model minimises is not the objective of the caller: it must not be reported as such.
    budget = PartialBudget(budget, seconds, 0.0, quiet=True)
    search = _Search(app, compiled, candidates, enlarged, budget)
    while budget.left() > 0:
        hosts = search.fewest()
        if hosts:
            hosts = search.least_amounts(len(hosts)) or hosts
        if hosts is None:
            return None
        helped = helps(hosts)
        if helped or helped is None:
            return hosts if helped else None
        search.exclude(hosts)
    return None


@dataclass(frozen=True)
class _Candidates:
    """Where members may land.

    Attributes
    ----------
    rows : list of (C,) int64
        Hosts by member class.
    most : list of (C,) int64
        How many members of the class each may take.
    eligible : list of (H,) int64
        How many of the class each host of the fleet may take.
    """

    rows: list[Ints]
    most: list[Ints]
    eligible: list[Ints]

    @classmethod
    def of(cls, compiled: CompiledProblem, enlarged: EnlargedFleet) -> _Candidates:
        """Return the reduced candidates, and every eligible host that was enlarged."""
        known = find_eligibility(_without_skews(compiled), "cost")
        rows = []
        most = []
        for kept, class_most in zip(reduce_hosts(compiled, known), known.max_members, strict=True):
            eligible = enlarged.rows[class_most[enlarged.rows] > 0]
            class_rows = np.union1d(kept, eligible)
            rows.append(class_rows)
            most.append(class_most[class_rows])
        return cls(rows, most, list(known.max_members))

    def count(self) -> int:
        return sum(map(len, self.rows))


def _counts_empty_domains(compiled: CompiledProblem, rule: Rule) -> bool:
    """Return whether a rule may forbid more where there is a domain more, used or not."""
    return host_equivalence(rule.policy, rule.group, compiled, True).counts_empty_domains


def _without_skews(compiled: CompiledProblem) -> CompiledProblem:
    """Return a problem without the policies that count domains which may not be there."""
    dropped = {
        id(rule.policy)
        for rule in rules_of(compiled.problem).all
        if _counts_empty_domains(compiled, rule)
    }
    if not dropped:
        return compiled
    groups = []
    for group in compiled.problem.app.groups:
        kept = tuple(policy for policy in group.policies if id(policy) not in dropped)
        groups.append(group.model_copy(update={"policies": kept}))
    app = compiled.problem.app.model_copy(update={"groups": tuple(groups)})
    return CompiledProblem(Problem(app, compiled.problem.hosts), compiled.fleet)


class _Search:
    """Models of which hosts open: the fewest, then the least amounts, without what was excluded.

    Parameters
    ----------
    app : Application
    compiled : CompiledProblem
        On the enlarged fleet.
    candidates : _Candidates
    enlarged : EnlargedFleet
    budget : Budget
    """

    def __init__(
        self,
        app: Application[Any],
        compiled: CompiledProblem,
        candidates: _Candidates,
        enlarged: EnlargedFleet,
        budget: Budget,
    ) -> None:
        self._compiled = compiled
        self._candidates = candidates
        self._enlarged = enlarged
        self._budget = budget
        self._option_of = enlarged.option_of()
        self._excluded: list[Counter[Hashable]] = []
        rules = rules_of(compiled.problem).hard
        # Whether hosts that do not help do not help either beside fewer others.
        self._monotone = not any(
            _counts_empty_domains(compiled, rule) or isinstance(rule.policy, LinkLoad)
            for rule in rules
        )
        self._exclusive = [
            (rule, self._foreign_rows(app, rule))
            for rule in rules
            if isinstance(rule.policy, Exclusivity)
        ]

    def _foreign_rows(self, app: Application[Any], rule: Rule) -> dict[int, list[int]]:
        """Return the hosts of each domain of an exclusive rule that others use, as it is."""
        policy = rule.policy
        assert isinstance(policy, Exclusivity)  # noqa: S101 - asked of these alone
        before = self._enlarged.before
        compiled = CompiledProblem(Problem(app, before.index), before)
        cohabitants = allowed_cohabitants(policy, rule.group, compiled.problem)
        used = np.flatnonzero(compiled.foreign(cohabitants, HOST))
        codes = self._compiled.fleet.codes(policy.exclusive_level)
        found: dict[int, list[int]] = {}
        for row in used.tolist():
            found.setdefault(int(codes[row]), []).append(row)
        return found

    def exclude(self, hosts: Loads) -> None:
        """Exclude hosts that were found not to help."""
        self._excluded.append(Counter(self._option_of[row] for row in hosts))

    def fewest(self) -> Loads | None:
        """Return the loads where the fewest hosts open; None if that is not proved."""
        builder, alone = self._builder(amounts=False)
        builder.charge(_any(builder.openings.values()), 1)
        builder.minimize()
        seconds = (1 - TIME_SHARE_OF_AMOUNTS) * self._budget.left()
        outcome = solve_model(builder, self._budget, seconds, 0.0)
        loads = self._loads(outcome, alone)
        return loads if loads is not None and len(loads) == outcome.bound else None

    def least_amounts(self, host_count: int) -> Loads | None:
        """Return the loads where little is freed on a number of hosts, by the best one found."""
        builder, alone = self._builder(amounts=True)
        builder.at_most(_any(builder.openings.values()), host_count)
        enlarged = self._enlarged
        rank = dict(zip(enlarged.rows.tolist(), enlarged.rank.tolist(), strict=True))
        for row, opened in builder.openings.items():
            builder.charge(Linear([opened], [1]), rank[row])
        builder.minimize()
        outcome = solve_model(builder, self._budget, self._budget.left(), 0.0)
        return self._loads(outcome, alone)

    def _builder(self, *, amounts: bool) -> tuple[ModelBuilder, dict[int, set[int]]]:
        """Return a model of all rules, and the hosts that must be alone.

        Parameters
        ----------
        amounts : bool
            Whether to charge what is freed.

        Returns
        -------
        ModelBuilder
        dict of int to set of int
            By row where members may land, the hosts that nothing else may use if they do.
        """
        candidates = self._candidates
        builder = ModelBuilder(self._compiled, candidates.rows, candidates.most, 1)
        for row in self._enlarged.rows.tolist():
            opened = builder.number(1)
            builder.openings[row] = opened
            if self._enlarged.is_available(row):
                if row in builder.landed:
                    _open_for_capacity(opened, builder, row, self._enlarged, amounts)
            else:
                builder.absent.add(row)
                if row in builder.landed:
                    builder.only_where(builder.landed[row], Linear([opened], [1]))
        post_capacity(builder)
        post_link_cuts(builder)
        for rule in rules_of(self._compiled.problem).all:
            rule.policy.encode(rule.group, builder)
        alone = self._clear_for_exclusive(builder, amounts)
        self._hold_losses(builder)
        self._order(builder)
        for counts in self._excluded:
            self._exclude_in(builder, counts)
        return builder, alone

    def _clear_for_exclusive(self, builder: ModelBuilder, amounts: bool) -> dict[int, set[int]]:
        """Open all hosts that others use in domains where a group is that wants them alone."""
        fleet = self._enlarged.before
        alone: dict[int, set[int]] = {}
        for rule, foreign in self._exclusive:
            policy = rule.policy
            assert isinstance(policy, Exclusivity)  # noqa: S101 - chosen so
            level = policy.exclusive_level
            codes = self._compiled.fleet.codes(level)
            below = self._compiled.member_classes_below(rule.group)
            for code, here in builder.uses(rule.group, level).items():
                for row in foreign.get(code, ()):
                    opened = builder.openings.get(row)
                    if opened is None or not self._enlarged.is_available(row):
                        continue  # what is used there is not freed: the policy itself forbids it
                    builder.at_most(here.plus(Linear([opened], [-1])), 0)
                    if amounts:
                        host = fleet.index[fleet.names[row]]
                        builder.charge(here, _price_of_all(host))
                    for class_index in below:
                        rows = builder.rows[class_index]
                        for landed in rows[codes[rows] == code].tolist():
                            alone.setdefault(landed, set()).add(row)
        return alone

    def _hold_losses(self, builder: ModelBuilder) -> None:
        """Post what `survives` needs at least: after a loss, there are places for all members.

        All members of a class then run outside the lost domain d::

            sum over h outside d of places[h] + more[h] * open[h]  >=  members
        """
        fleet = self._compiled.fleet
        for rule in rules_of(self._compiled.problem).hard:
            if not isinstance(rule.policy, CheckedAfterSolve):
                continue
            codes = fleet.codes(rule.policy.failure_model.level)
            for class_index in self._compiled.member_classes_below(rule.group):
                number = self._compiled.member_classes[class_index].number
                sure, more = self._places(class_index)
                in_domain = np.zeros(int(codes.max(initial=-1)) + 1, dtype=np.int64)
                np.add.at(in_domain, codes[codes >= 0], sure[codes >= 0])
                for code in np.flatnonzero(int(sure.sum()) - in_domain < number).tolist():
                    rows = np.flatnonzero((more > 0) & (codes != code)).tolist()
                    places = Linear(
                        [builder.openings[row] for row in rows], [-int(more[row]) for row in rows]
                    )
                    builder.at_most(places, int(sure.sum()) - int(in_domain[code]) - number)

    def _places(self, class_index: int) -> tuple[Ints, Ints]:
        """(H,) int64 twice: members of a class that hosts take as they are, and more if opened."""
        size = dict(self._compiled.member_classes[class_index].size)
        number = self._compiled.member_classes[class_index].number
        before = self._enlarged.before
        everywhere = self._candidates.eligible[class_index]
        sure = everywhere.copy()
        there = before.slots(size, number)
        for row in self._enlarged.rows.tolist():
            sure[row] = min(int(sure[row]), int(there[row])) if row < len(there) else 0
            if not self._enlarged.is_available(row):
                sure[row] = 0
        return sure, everywhere - sure

    def _order(self, builder: ModelBuilder) -> None:
        """Break the symmetry between sets of hosts that may take each other's places."""
        for family in self._enlarged.ordered:
            totals = [_any(builder.openings[row] for row in rows) for rows in family]
            for first, second in pairwise(totals):
                builder.at_most(second.plus(first, -1), 0)

    def _exclude_in(self, builder: ModelBuilder, counts: Counter[Hashable]) -> None:
        """Exclude hosts that do not help: of some option there are more; or fewer, if that may be.

        With more hosts of no option, what is open is part of what did not help.
        """
        by_option: dict[Hashable, list[IntVar]] = {}
        for row, opened in builder.openings.items():
            by_option.setdefault(self._option_of[row], []).append(opened)
        other = Linear()
        for option, openings in by_option.items():
            number = counts[option]
            total = _any(openings)
            if not number:
                other = other.plus(total)
                continue
            if len(openings) > number:
                more = builder.number(1)
                # more = 1 only where total > number
                builder.at_most(Linear([more], [number + 1]).plus(total, -1), 0)
                other = other.plus(Linear([more], [1]))
            if not self._monotone:
                fewer = builder.number(1)
                # fewer = 1 only where total < number
                size = len(openings)
                builder.at_most(total.plus(Linear([fewer], [size])), size + number - 1)
                other = other.plus(Linear([fewer], [1]))
        builder.at_most(other.times(-1), -1)

    def _loads(self, outcome: SearchOutcome, alone: dict[int, set[int]]) -> Loads | None:
        """Return the loads of the hosts that open; None without a placement."""
        if outcome.placement is None:
            return None
        counts: dict[int, dict[Size, int]] = {}
        to_clear: set[int] = set()
        for class_index, row in outcome.placement:
            sizes = counts.setdefault(row, {})
            size = self._compiled.member_classes[class_index].size
            sizes[size] = sizes.get(size, 0) + 1
            to_clear |= alone.get(row, set())
        return {
            row: load_of(counts.get(row, {}), row in to_clear) for row in sorted(outcome.opened)
        }


def _any(variables: Iterable[IntVar]) -> Linear:
    """Return the sum of some variables."""
    found = list(variables)
    return Linear(found, [1] * len(found))


def _price_of_all(host: Host) -> int:
    """Return the price of freeing all that is used on a host, by shares of its capacity."""
    capacity = host.capacity()
    return sum(
        FREED_SCALE * amount // max(1, capacity.get(name, 0))
        for name, amount in host.in_use().items()
    )


def load_of(sizes: dict[Size, int], alone: bool = False) -> Load:
    """Return what so many members of each size consume."""
    total: dict[str, int] = {}
    for size, number in sizes.items():
        for name, amount in size:
            total[name] = total.get(name, 0) + number * amount
    return Load(total, tuple((number, size) for size, number in sizes.items()), alone)


def _open_for_capacity(
    opened: IntVar, builder: ModelBuilder, row: int, enlarged: EnlargedFleet, amounts: bool
) -> None:
    """Open a host where members use more of it than is free.

    For each resource class, with ``0 <= freed <= more`` and ``freed <= more * opened``::

        load <= free + freed

    Where amounts do not matter, ``more * opened`` stands for ``freed``: this model is smaller.
    """
    _fit_cells_unless(opened, builder, row, enlarged.before)
    pools = enlarged.before.pools
    for resource, load in _loads_on(builder, row).items():
        if pools.gives(resource, row):
            continue  # to free a host frees nothing of its pools, whose own rows are posted
        free = int(enlarged.before.free(resource)[row])
        more = int(enlarged.fleet.free(resource)[row]) - free
        if builder.high(load) <= free:
            continue
        if not amounts:
            builder.at_most(load.plus(Linear([opened], [-more])), free)
            continue
        freed = builder.number(max(1, more))
        builder.at_most(load.plus(Linear([freed], [-1])), free)
        builder.at_most(Linear([freed, opened], [1, -more]), 0)
        total = int(enlarged.fleet.capacity(resource)[row])
        builder.charge(Linear([freed], [1]), max(1, FREED_SCALE // total))


def _fit_cells_unless(
    opened: IntVar, builder: ModelBuilder, row: int, before: CompiledFleet
) -> None:
    """Allow members what is free of a host's cells now, unless it opens.

    With ``inside[c, k]`` members of class c in cell k::

        placed[c] <= sum over k of inside[c, k] + most[c] * opened
        sum over c of size[c] * inside[c, k] <= free[k]
    """
    table = before.cells
    only = np.array([row], dtype=np.int64)
    loads: dict[tuple[str, int], Linear] = {}
    for class_index, position in builder.at[row]:
        size = dict(builder.compiled.member_classes[class_index].size)
        if not table.width or not table.within(size, only)[0]:
            continue
        most = int(builder.most[class_index][position])
        limits = table.each(size, only, most)[0].tolist()
        inside = [builder.number(limit) if limit else None for limit in limits]
        short = Linear([builder.placed[class_index][position], opened], [1, -most])
        for cell, number in enumerate(inside):
            if number is None:
                continue
            short = short.plus(Linear([number], [-1]))
            for name, amount in size.items():
                if name in table.inside and table.inside[name][row]:
                    load = loads.setdefault((name, cell), Linear())
                    load.vars.append(number)
                    load.coefs.append(amount)
        builder.at_most(short, 0)
    for (name, cell), load in loads.items():
        builder.at_most(load, int(table.free[name][row, cell]))


def _loads_on(builder: ModelBuilder, row: int) -> dict[str, Linear]:
    """Return what new members consume on a host, by resource class."""
    loads: dict[str, Linear] = {}
    for class_index, position in builder.at[row]:
        placed = builder.placed[class_index][position]
        for name, amount in builder.compiled.member_classes[class_index].size:
            load = loads.setdefault(name, Linear())
            load.vars.append(placed)
            load.coefs.append(amount)
    return loads


def _is_huge(compiled: CompiledProblem, enlarged: EnlargedFleet) -> bool:
    """Return whether amounts are so large that sums in the model could exceed 64 bits."""
    names = {name for member_class in compiled.member_classes for name, _ in member_class.size}
    return any(
        int(enlarged.fleet.capacity(name)[enlarged.rows].max(initial=0)) > MAX_CAPACITY
        for name in names
    )
