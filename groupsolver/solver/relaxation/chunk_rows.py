"""Rows of the relaxation for members that come in chunks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.compiled_fleet import Ints
from groupsolver.solver.relaxation.blocks import Block, ChunkedPart
from groupsolver.solver.relaxation.chunk_costs import pairs
from groupsolver.solver.relaxation.columns import Slots
from groupsolver.solver.relaxation.linear_program import LinearProgram


def post_chunks(
    compiled: CompiledProblem,
    slots: Slots,
    block: Block,
    part: ChunkedPart,
    program: LinearProgram,
    place: Ints,
    columns: Ints,
    opened: dict[int, int],
) -> None:
    """Let each domain hold as many members as it has chunks, and the block's domain as many chunks as it is chosen.

    Parameters
    ----------
    place : (N,) int64
        Column of each slot, -1 for one outside the core.
    columns : (C,) int64
        Slot of each column.
    opened : dict of int to int
        By domain of the block: the column that chooses it; made here where it lacks.
    """
    at = [
        found[found >= 0]
        for found in (place[slots.of(member_class)] for member_class in part.member_classes)
    ]
    every, outer = pairs(compiled, block, part, slots.row[columns[np.concatenate(at)]])
    ends = np.cumsum([0, *map(len, at)])
    number = float(part.number)
    chunks = program.columns(np.zeros(len(outer)), np.full(len(outer), number))
    for domain in np.unique(outer).tolist():
        if domain not in opened:
            opened[domain] = program.column(0.0, 1.0)
    domains, where = np.unique(outer, return_inverse=True)
    pick = np.array([opened[domain] for domain in domains.tolist()], dtype=np.int64)
    own, zero = np.arange(len(domains)), np.zeros(len(domains))
    values = np.r_[np.ones(len(outer)), np.full(len(domains), -number)]
    program.rows(np.r_[chunks, pick], np.r_[where, own], values, len(domains), zero, zero)
    for member_class, here, (start, end) in zip(
        part.member_classes, at, pairwise(ends.tolist()), strict=True
    ):
        code = every[start:end]
        inside, code = here[code >= 0], code[code >= 0]
        share = compiled.member_classes[member_class].number / number
        level, zero = np.arange(len(outer)), np.zeros(len(outer))
        values = np.r_[np.ones(len(inside)), np.full(len(outer), -share)]
        program.rows(np.r_[inside, chunks], np.r_[code, level], values, len(outer), zero, zero)
        most = np.minimum(slots.most[columns[inside]], part.per_host or len(slots)).astype(
            np.float64
        )
        each = np.arange(len(inside))
        closed = np.zeros(len(inside))
        values = np.r_[np.ones(len(inside)), -most]
        program.rows(
            np.r_[inside, chunks[code]], np.r_[each, each], values, len(inside), high=closed
        )
        # And no further than the block's domain is chosen: otherwise a tenth of it would be its cheapest tenth.
        values = np.r_[np.ones(len(inside)), -slots.most[columns[inside]].astype(np.float64)]
        program.rows(
            np.r_[inside, pick[where[code]]], np.r_[each, each], values, len(inside), high=closed
        )
