"""Rows of the relaxation for members that come in chunks."""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.solver.relaxation.blocks import Block, ChunkedPart
from groupsolver.solver.relaxation.chunk_costs import chunk_domains
from groupsolver.solver.relaxation.core_columns import CoreColumns
from groupsolver.solver.relaxation.linear_program import LinearProgram


def post_chunks(
    compiled: CompiledProblem,
    core: CoreColumns,
    block: Block,
    part: ChunkedPart,
    program: LinearProgram,
    domain_variables: dict[int, int],
) -> None:
    """Post the rows of one part.

    With x for members, k for chunks in a chunk domain c, y for the choice of the block's domain d::

        sum(k[c] for c in d) == K * y[d]
        sum(x of a member class in c) == share * k[c]        for each member class
        x <= min(max_members, per_host) * k[c]
        x <= max_members * y[d]

    Parameters
    ----------
    domain_variables : dict of int to int
        By domain of the block: the variable that chooses it. Missing ones are added.
    """
    variables = [core.variables_of(class_index) for class_index in part.member_classes]
    code_of_all, outer = chunk_domains(compiled, block, part, core.rows(np.concatenate(variables)))
    codes = np.split(code_of_all, np.cumsum([len(some) for some in variables])[:-1])
    number = float(part.number)
    chunks = program.add_variables(np.zeros(len(outer)), np.full(len(outer), number))
    domains, position = np.unique(outer, return_inverse=True)
    for domain in domains.tolist():
        if domain not in domain_variables:
            domain_variables[domain] = program.add_variable(0.0, 1.0)
    choices = np.array([domain_variables[domain] for domain in domains.tolist()], dtype=np.int64)
    _post_chunk_counts(program, chunks, choices, position, number)
    for class_index, of_class, code in zip(part.member_classes, variables, codes, strict=True):
        share = compiled.member_classes[class_index].number / number
        inside = of_class[code >= 0]
        code_inside = code[code >= 0]
        _post_shares(program, inside, chunks, code_inside, share)
        max_members = core.max_members(inside)
        max_of_chunk = np.minimum(max_members, part.per_host or len(core.table))
        program.add_opening_rows(inside, chunks[code_inside], max_of_chunk)
        # And no further than the block's domain is chosen. Otherwise a tenth of a domain would
        # cost as little as its cheapest tenth.
        program.add_opening_rows(inside, choices[position[code_inside]], max_members)


def _post_chunk_counts(
    program: LinearProgram, chunks: Ints, choices: Ints, position: Ints, number: float
) -> None:
    """Post that each domain of the block has all chunks, as far as it is chosen."""
    domains = len(choices)
    variables = np.r_[chunks, choices]
    rows = np.r_[position, np.arange(domains)]
    values = np.r_[np.ones(len(chunks)), np.full(domains, -number)]
    zero = np.zeros(domains)
    program.add_rows(variables, rows, values, domains, zero, zero)


def _post_shares(
    program: LinearProgram, members: Ints, chunks: Ints, code: Ints, share: float
) -> None:
    """Post that each chunk domain has the share of a member class for each of its chunks."""
    variables = np.r_[members, chunks]
    rows = np.r_[code, np.arange(len(chunks))]
    values = np.r_[np.ones(len(members)), np.full(len(chunks), -share)]
    zero = np.zeros(len(chunks))
    program.add_rows(variables, rows, values, len(chunks), zero, zero)
