"""The restricted master: the linear relaxation over a core of columns.

Rows place the members of each block, and rows bound what blocks compete for. Its duals price what
is scarce. Columns outside the core are priced with these (see `column_generation`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints, Mask
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.columns import Columns
from groupsolver.solver.relaxation.core_columns import CoreColumns
from groupsolver.solver.relaxation.linear_program import LinearProgram
from groupsolver.solver.relaxation.rows.capacity_rows import CapacityRows
from groupsolver.solver.relaxation.rows.chunk_rows import post_chunks
from groupsolver.solver.relaxation.rows.exclusion_rows import ExclusionRows
from groupsolver.solver.relaxation.rows.opening_rows import OpeningRows
from groupsolver.solver.relaxation.rows.rising_rows import RisingRows


class RestrictedOptimum(NamedTuple):
    """The optimum of a restricted master.

    Attributes
    ----------
    value : float
    worth : (member classes,) float64
        What placing one more member of each class is worth, 0 for a class whose block needs one
        domain.
    crossed : bool
        Whether it crosses rows of prices that rise, which the next restricted master has.
    """

    value: float
    worth: Floats
    crossed: bool


def solve_restricted_master(
    compiled: CompiledProblem,
    columns: Columns,
    blocks: list[Block],
    capacity_rows: list[CapacityRows],
    rising_rows: list[RisingRows],
    exclusion_rows: list[ExclusionRows],
    core: Mask,
    seconds: float,
    opening_rows: Sequence[OpeningRows] = (),
) -> RestrictedOptimum | None:
    """Solve the relaxation over the core, and leave the duals in the capacity and exclusion rows.

    Parameters
    ----------
    core : (N,) bool
        The columns that may be used.
    seconds : float

    Returns
    -------
    RestrictedOptimum or None
        None where there was no optimum in time.
    """
    core_columns = CoreColumns.of(columns, core)
    prices = columns.price[core_columns.index]
    high = columns.max_members[core_columns.index]
    program = LinearProgram(prices.astype(np.float64), high.astype(np.float64))
    # Any core is feasible with columns that are dearer than anything in it.
    artificial_price = 2.0 * float(np.abs(prices).max(initial=0)) + 1000.0
    placing_row: dict[int, int] = {}
    of_block = {one.number: one for one in opening_rows}
    posted_openings: list[tuple[OpeningRows, list[int]]] = []
    for number, block in enumerate(blocks):
        rows = _BlockRows(compiled, core_columns, block, program, artificial_price)
        placing_row |= rows.post()
        if number in of_block:
            posted_openings.append((of_block[number], rows.post_floors()))
    for capacity in capacity_rows:
        capacity.posted = []
        capacity.post(core_columns, program)
    for rising in rising_rows:
        rising.post(core_columns, program)
    posted_exclusion = [one.post(core_columns, program) for one in exclusion_rows]
    optimum = program.solve(seconds)
    if optimum is None:
        return None
    for capacity in capacity_rows:
        capacity.read_duals(optimum.dual)
    for rising in rising_rows:
        rising.read_duals(optimum.dual)
    for opening, row_numbers in posted_openings:
        # A point of a floor is worth at most the point that it saves.
        opening.dual[:] = np.clip(optimum.dual[row_numbers], 0, 1)
    for exclusion, posted in zip(exclusion_rows, posted_exclusion, strict=True):
        exclusion.read_duals(posted, optimum.dual)
    # One more member of a class raises the value by the dual of the row that places the class.
    worth = np.zeros(len(compiled.member_classes))
    for class_index, row in placing_row.items():
        worth[class_index] = optimum.dual[row]
    crossed = [one.want_crossed(core_columns, optimum.x) for one in rising_rows]
    return RestrictedOptimum(optimum.value, worth, any(crossed))


@dataclass
class _BlockRows:
    """The rows that place the members of one block.

    Attributes
    ----------
    compiled : CompiledProblem
    core : CoreColumns
    block : Block
    program : LinearProgram
    artificial_price : float
        Price of a member that the core has no column for.
    domain_variables : dict of int to int
        By domain: the variable, from 0 to 1, that chooses or opens it.
    """

    compiled: CompiledProblem
    core: CoreColumns
    block: Block
    program: LinearProgram
    artificial_price: float
    domain_variables: dict[int, int] = field(default_factory=dict)

    def post(self) -> dict[int, int]:
        """Post all rows; return the row that places each class, where that is a single one.

        Where members must share a domain, as many are in each as the domain is chosen. Where
        further domains have a price, a column is open as far as its domain is::

            sum(x[c]) == number[c]                       members of class c, any domain
            sum(x[c] in d) == number[c] * y[d]           members of class c that share a domain
            x <= max_members * y[d]                      both, if domains are chosen or priced
            sum(y[d]) == 1                               if members share a domain
        """
        block = self.block
        for part in block.parts:
            post_chunks(self.compiled, self.core, block, part, self.program, self.domain_variables)
        in_chunks = {index for part in block.parts for index in part.member_classes}
        placing_row: dict[int, int] = {}
        for class_index in block.member_classes:
            if class_index in in_chunks:
                continue
            if not block.shares_one_domain:
                placing_row[class_index] = self._place_anywhere(class_index)
            if block.shares_one_domain or block.price:
                self._open_by_domain(class_index)
        if block.shares_one_domain and block.ceiling is not None:
            self._limit_hosts(block.ceiling)
        if block.shares_one_domain or block.parts:
            self._choose_one_domain()
        return placing_row

    def _place_anywhere(self, class_index: int) -> int:
        """Post that all members of a class are placed; return the row."""
        number = np.array([float(self.compiled.member_classes[class_index].number)])
        artificial = self.program.add_variables(np.array([self.artificial_price]), number)
        variables = np.r_[self.core.variables_of(class_index), artificial]
        row = np.zeros(len(variables), dtype=np.int64)
        values = np.ones(len(variables))
        return int(self.program.add_rows(variables, row, values, 1, number, number)[0])

    def _open_by_domain(self, class_index: int) -> None:
        """Post that members of a class are in domains only as far as these are open."""
        variables = self.core.variables_of(class_index)
        codes = self.block.codes(self.compiled, self.core.rows(variables))
        # A host in no domain has no part in this; if domains are priced, it is not bound.
        variables = variables[codes >= 0]
        codes = codes[codes >= 0]
        domains, position = np.unique(codes, return_inverse=True)
        choices = self._choices(domains.tolist())
        if self.block.shares_one_domain:
            number = float(self.compiled.member_classes[class_index].number)
            zero = np.zeros(len(domains))
            self.program.add_rows(
                np.r_[variables, choices],
                np.r_[position, np.arange(len(domains))],
                np.r_[np.ones(len(variables)), np.full(len(choices), -number)],
                len(domains),
                zero,
                zero,
            )
        max_members = self.core.max_members(variables)
        self.program.add_opening_rows(variables, choices[position], max_members)

    def _choices(self, domains: list[int]) -> Ints:
        """Return the variables that choose some domains; a domain in use is open for nothing."""
        prices = self.block.domain_prices(self.compiled)
        for domain in domains:
            if domain not in self.domain_variables:
                price = float(prices[domain])
                self.domain_variables[domain] = self.program.add_variable(price, 1.0)
        return np.array([self.domain_variables[domain] for domain in domains], dtype=np.int64)

    def post_floors(self) -> list[int]:
        """Post what is paid for domains at least; return the rows, one a floor.

        ``sum(price[d] * y[d] for d of the floor) + price * members in no domain >= least``, where a
        point that the core cannot pay costs a point.
        """
        prices = self.block.domain_prices(self.compiled)
        parts = [self.core.variables_of(index) for index in self.block.member_classes]
        variables = np.concatenate(parts)
        outside = variables[self.block.codes(self.compiled, self.core.rows(variables)) < 0]
        paid_outside = np.full(len(outside), float(self.block.price))
        numbers = []
        for floor in self.block.floors:
            domains = [domain for domain in self.domain_variables if floor.domains[domain]]
            choices = [self.domain_variables[domain] for domain in domains]
            least = np.array([float(floor.least)])
            missing = self.program.add_variables(np.ones(1), least)
            used = np.r_[np.array(choices, dtype=np.int64), outside, missing]
            values = np.r_[prices[np.array(domains, dtype=np.int64)], paid_outside, np.ones(1)]
            row = np.zeros(len(used), dtype=np.int64)
            numbers.append(int(self.program.add_rows(used, row, values, 1, low=least)[0]))
        return numbers

    def _limit_hosts(self, ceiling: Ints) -> None:
        """Post that all classes share a host up to its ceiling, as far as its domain is chosen."""
        variables = np.concatenate(
            [self.core.variables_of(index) for index in self.block.member_classes]
        )
        codes = self.block.codes(self.compiled, self.core.rows(variables))
        variables = variables[codes >= 0]
        codes = codes[codes >= 0]
        hosts, first, position = np.unique(
            self.core.rows(variables), return_index=True, return_inverse=True
        )
        choices = self._choices(codes[first].tolist())
        limit = np.minimum(ceiling[hosts], len(self.core.table)).astype(np.float64)
        self.program.add_rows(
            np.r_[variables, choices],
            np.r_[position, np.arange(len(hosts))],
            np.r_[np.ones(len(variables)), -limit],
            len(hosts),
            high=np.zeros(len(hosts)),
        )

    def _choose_one_domain(self) -> None:
        """Post that one domain is chosen, or an artificial one that is dearer than all."""
        members = sum(
            self.compiled.member_classes[index].number for index in self.block.member_classes
        )
        artificial = self.program.add_variable(self.artificial_price * members, 1.0)
        choices = np.array([*self.domain_variables.values(), artificial], dtype=np.int64)
        row = np.zeros(len(choices), dtype=np.int64)
        one = np.ones(1)
        self.program.add_rows(choices, row, np.ones(len(choices)), 1, one, one)
