"""The cheapest way of every block at once, over some columns: the subproblems of dual ascent.

The columns of a member class form a *segment*; those of a class whose block needs one domain form
a segment for each domain. Segments of about the same width are rows of one padded table, so numpy
sorts all of them in one call. A class takes the cheapest columns of its segment. A block that needs
one domain takes the domain in which its classes cost least together.

What this leaves out, such as ceilings of blocks and prices of domains, makes a block cheaper, never
dearer. So the duals that are found with it are good for the bound over all, which leaves out less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.columns import Columns


@dataclass(frozen=True)
class _SegmentTable:
    """Segments of up to W columns each.

    Attributes
    ----------
    segment : (S,) int64
        The number of each segment.
    column : (S, W) int64
        The columns of each segment; behind its end a column that takes nothing.
    max_members : (S, W) float64
    number : (S, 1) float64
        How many members each segment places.
    used : int
        No segment needs more than so many columns.
    """

    segment: Ints
    column: Ints
    max_members: Floats
    number: Floats
    used: int

    def cheapest(self, prices: Floats) -> tuple[Floats, Ints, Floats]:
        """Place the members of each segment in its cheapest columns, at prices (N + 1,).

        Returns
        -------
        total : (S,) float64
            What the members cost; inf where the columns take fewer.
        column : (S, used) int64
        taken : (S, used) float64
            How many members each of these columns takes.
        """
        price = prices[self.column]
        if self.used < price.shape[1]:
            order = np.argpartition(price, self.used - 1, axis=1)[:, : self.used]
            within = np.argsort(np.take_along_axis(price, order, axis=1), axis=1)
            order = np.take_along_axis(order, within, axis=1)
        else:
            order = np.argsort(price, axis=1)
        price = np.take_along_axis(price, order, axis=1)
        most = np.take_along_axis(self.max_members, order, axis=1)
        ends = np.cumsum(most, axis=1)
        taken = np.clip(self.number - (ends - most), 0, most)
        total = (taken * np.where(taken > 0, price, 0.0)).sum(axis=1)
        total[ends[:, -1] < self.number[:, 0]] = np.inf
        return total, np.take_along_axis(self.column, order, axis=1), taken


class BlockChoices:
    """Blocks over a table of N columns.

    Parameters
    ----------
    compiled : CompiledProblem
    columns : Columns
    blocks : list of Block
    """

    def __init__(self, compiled: CompiledProblem, columns: Columns, blocks: list[Block]) -> None:
        self._column_count = len(columns)
        # An option is a domain of a block, or all hosts for a class that may be anywhere.
        option_of_segment: list[Ints] = []
        choice_of_option: list[Ints] = []
        number_of_segment: list[Ints] = []
        segment = np.full(len(columns), -1, dtype=np.int64)
        self._choice_count = 0
        options = 0
        segments = 0
        for block in blocks:
            # Classes that need not share a domain choose their columns independently.
            together = [block.member_classes] if block.shares_one_domain else block.member_classes
            width = block.domain_count(compiled) if block.shares_one_domain else 1
            for classes in together:
                for class_index in np.atleast_1d(classes).tolist():
                    part = columns.of(class_index)
                    code = np.zeros(part.stop - part.start, dtype=np.int64)
                    if block.shares_one_domain:
                        code = block.codes(compiled, columns.row[part])
                    segment[part] = np.where(code >= 0, segments + code, -1)
                    members = compiled.member_classes[class_index].number
                    number_of_segment.append(np.full(width, members))
                    option_of_segment.append(np.arange(options, options + width))
                    segments += width
                choice_of_option.append(np.full(width, self._choice_count))
                self._choice_count += 1
                options += width
        self._option_of_segment = np.concatenate(option_of_segment)
        self._choice_of_option = np.concatenate(choice_of_option)
        self._first_option = np.searchsorted(self._choice_of_option, np.arange(self._choice_count))
        self._tables = _tables(segment, columns.max_members, np.concatenate(number_of_segment))

    def cheapest(self, prices: Floats) -> tuple[float, Floats]:
        """Return what all blocks cost at prices (N,), and the members of each column, (N,).

        Blocks that the columns have no room for count for nothing.
        """
        padded = np.append(prices, np.inf)
        total = np.full(len(self._option_of_segment), np.inf)
        placed = []
        for table in self._tables:
            total[table.segment], column, taken = table.cheapest(padded)
            placed.append((column, taken))
        cost = np.bincount(
            self._option_of_segment, weights=total, minlength=len(self._choice_of_option)
        )
        least = np.minimum.reduceat(cost, self._first_option)
        cheapest = np.flatnonzero((cost == least[self._choice_of_option]) & np.isfinite(cost))
        # Of options that cost the same the first: the last one written counts.
        option_of_choice = np.full(self._choice_count, -1)
        backwards = cheapest[::-1]
        option_of_choice[self._choice_of_option[backwards]] = backwards
        chosen = np.zeros(len(cost), dtype=np.bool_)
        chosen[option_of_choice[option_of_choice >= 0]] = True
        members = np.zeros(self._column_count + 1)
        for table, (column, taken) in zip(self._tables, placed, strict=True):
            used = chosen[self._option_of_segment[table.segment]]
            members[column[used].ravel()] = taken[used].ravel()
        return float(least[np.isfinite(least)].sum()), members[:-1]


def _tables(segment: Ints, max_members: Ints, number: Ints) -> list[_SegmentTable]:
    """Lay segments out as padded tables, one for each power of two of their widths.

    Parameters
    ----------
    segment : (N,) int64
        The segment of each column, -1 for none.
    max_members : (N,) int64
    number : (segments,) int64
        How many members each segment places.
    """
    order = np.argsort(segment, kind="stable")
    order = order[segment[order] >= 0]
    own = segment[order]
    most = np.minimum(max_members[order], number[own])
    width = np.bincount(own, minlength=len(number))
    place = np.arange(len(own)) - (np.cumsum(width) - width)[own]
    # A segment without room for its members is never chosen.
    fits = np.bincount(own, weights=most, minlength=len(number)) >= number
    size = np.where(fits & (width > 0), 2 ** np.ceil(np.log2(np.maximum(width, 1))), 0)
    tables = []
    for columns_of_segment in np.unique(size[size > 0]).astype(np.int64).tolist():
        segments = np.flatnonzero(size == columns_of_segment)
        row = np.full(len(number), -1, dtype=np.int64)
        row[segments] = np.arange(len(segments))
        inside = row[own] >= 0
        at = (row[own[inside]], place[inside])
        column = np.full((len(segments), columns_of_segment), len(segment), dtype=np.int64)
        column[at] = order[inside]
        members = np.zeros(column.shape)
        members[at] = most[inside]
        used = min(columns_of_segment, max(1, int(number[segments].max())))
        needed = number[segments].astype(np.float64)[:, np.newaxis]
        tables.append(_SegmentTable(segments, column, members, needed, used))
    return tables
