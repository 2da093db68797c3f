"""The linear relaxation over a core of slots: rows for blocks, rows for what they compete for."""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.compiled_fleet import Floats, Ints, Mask
from groupsolver.solver.relaxation.blocks import Block
from groupsolver.solver.relaxation.capacity_rows import Family
from groupsolver.solver.relaxation.chunk_rows import post_chunks
from groupsolver.solver.relaxation.columns import Slots
from groupsolver.solver.relaxation.exclusion_rows import Rivals
from groupsolver.solver.relaxation.linear_program import LinearProgram


def solve_core(
    compiled: CompiledProblem,
    slots: Slots,
    blocks: list[Block],
    families: list[Family],
    rivals: list[Rivals],
    core: Mask,
    seconds: float,
) -> tuple[float, Floats] | None:
    """Solve the relaxation over the core and leave the duals in the families; give its value, and members' worth."""
    columns = np.flatnonzero(core)
    program = LinearProgram(
        slots.price[columns].astype(np.float64), slots.most[columns].astype(np.float64)
    )
    # Columns that make any core feasible, dearer than anything in it.
    dear = 2.0 * float(np.abs(slots.price[columns]).max(initial=0)) + 1000.0
    place = np.full(len(slots), -1, dtype=np.int64)
    place[columns] = np.arange(len(columns))
    placed: dict[int, int] = {}
    for block in blocks:
        placed |= _post(compiled, slots, block, program, place, columns, dear)
    posted = []
    for family in families:
        codes = family.codes[slots.row[columns]]
        weight = family.weights(slots, columns)
        used = np.flatnonzero((codes >= 0) & (weight > 0))
        load = np.bincount(
            codes[used], weights=(weight * slots.most[columns])[used], minlength=len(family.room)
        )
        tight = load > family.room  # other rows cannot bind
        used = used[tight[codes[used]]]
        domains, at = np.unique(codes[used], return_inverse=True)
        rows = program.rows(
            used,
            at,
            weight[used],
            len(domains),
            high=family.room[domains].astype(np.float64),
            slack_cost=family.cap,
        )
        posted.append((family, domains, rows))
    given = [one.post(slots, columns, program) for one in rivals]
    value, dual = program.solve(seconds)
    if value is None:
        return None
    for family, domains, rows in posted:
        family.dual[:] = 0
        family.dual[domains] = np.clip(-dual[rows], 0, family.cap)
    for one, rows_ in zip(rivals, given, strict=True):
        one.keep(rows_, dual, slots)
    return value, np.array(
        [
            dual[placed[member_class]] if member_class in placed else 0.0
            for member_class in range(len(compiled.member_classes))
        ]
    )


def _post(
    compiled: CompiledProblem,
    slots: Slots,
    block: Block,
    program: LinearProgram,
    place: Ints,
    columns: Ints,
    dear: float,
) -> dict[int, int]:
    """Place every member of a block; give the rows that do so, by member class, where they are one each.

    Where members must share a domain, so many stand in each as the domain is chosen; where
    further domains have a price, a slot is open as far as its domain is.
    """
    placed: dict[int, int] = {}
    opened: dict[int, int] = {}
    used = block.used(compiled)
    for chunks in block.parts:
        post_chunks(compiled, slots, block, chunks, program, place, columns, opened)
    within = {member_class for chunks in block.parts for member_class in chunks.member_classes}
    for member_class in block.member_classes:
        if member_class in within:
            continue
        part = slots.of(member_class)
        at = place[part]
        at = at[at >= 0]
        number = np.array([float(compiled.member_classes[member_class].number)])
        if not block.whole:
            every = np.r_[at, program.columns(np.array([dear]), number)]
            row = program.rows(
                every, np.zeros(len(every), dtype=np.int64), np.ones(len(every)), 1, number, number
            )
            placed[member_class] = int(row[0])
            if not block.price:
                continue
        codes = block.codes(compiled, slots.row[columns[at]])
        at, codes = at[codes >= 0], codes[codes >= 0]
        for code in np.unique(codes).tolist():
            if code not in opened:
                opened[code] = program.column(0.0 if used[code] else float(block.price), 1.0)
        domains, where = np.unique(codes, return_inverse=True)
        pick = np.array([opened[code] for code in domains.tolist()], dtype=np.int64)
        ones, most = np.ones(len(at)), slots.most[columns[at]].astype(np.float64)
        if block.whole:
            inside, zero = np.arange(len(domains)), np.zeros(len(domains))
            chosen = np.r_[ones, np.repeat(-number, len(pick))]
            program.rows(np.r_[at, pick], np.r_[where, inside], chosen, len(domains), zero, zero)
        own = np.arange(len(at))
        program.rows(
            np.r_[at, pick[where]],
            np.r_[own, own],
            np.r_[ones, -most],
            len(at),
            high=np.zeros(len(at)),
        )
    if block.whole and block.ceiling is not None:
        _share_hosts(compiled, slots, block, block.ceiling, program, place, columns, opened)
    if block.whole or block.parts:
        members = sum(
            compiled.member_classes[member_class].number for member_class in block.member_classes
        )
        picks = np.array([*opened.values(), program.column(dear * members, 1.0)], dtype=np.int64)
        one = np.ones(1)
        program.rows(picks, np.zeros(len(picks), dtype=np.int64), np.ones(len(picks)), 1, one, one)
    return placed


def _share_hosts(
    compiled: CompiledProblem,
    slots: Slots,
    block: Block,
    ceiling: Ints,
    program: LinearProgram,
    place: Ints,
    columns: Ints,
    opened: dict[int, int],
) -> None:
    """Let a block's member classes share a host up to its ceiling, and only as far as its domain is chosen."""
    at = np.concatenate([place[slots.of(member_class)] for member_class in block.member_classes])
    at = at[at >= 0]
    codes = block.codes(compiled, slots.row[columns[at]])
    at = at[codes >= 0]
    hosts, first, row = np.unique(slots.row[columns[at]], return_index=True, return_inverse=True)
    pick = np.array([opened[code] for code in codes[codes >= 0][first].tolist()], dtype=np.int64)
    limit = -np.minimum(ceiling[hosts], len(slots)).astype(np.float64)
    values = np.r_[np.ones(len(at)), limit]
    program.rows(
        np.r_[at, pick],
        np.r_[row, np.arange(len(hosts))],
        values,
        len(hosts),
        high=np.zeros(len(hosts)),
    )
