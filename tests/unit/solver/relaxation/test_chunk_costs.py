"""What chunks cost in each domain, against every way to distribute them."""

from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.chunk_costs import ChunkCosts, chunk_costs, chunk_domains
from groupsolver.solver.relaxation.columns import Columns, build_columns
from tests.support.small import group
from tests.support.small_problems import AFFINITY, APART, Doc, SmallProblem, in_rack


def merged(hosts: list[Doc], count: int, members: int, *policies: Doc) -> CompiledProblem:
    """So many interchangeable groups of so many members each, merged."""
    groups = [group(f"G{i}", members, AFFINITY, *policies) for i in range(count)]
    compiled = merge_interchangeable(SmallProblem(groups, hosts).compiled).compiled
    assert len(compiled.member_classes) == 1
    return compiled


def costs(compiled: CompiledProblem) -> tuple[Columns, ChunkCosts]:
    blocks = blocks_of(compiled)
    eligibility = find_eligibility(compiled, "cost")
    candidates = [np.flatnonzero(most > 0) for most in eligibility.max_members]
    columns = build_columns(eligibility, candidates)
    (block,) = blocks
    prices = columns.price.astype(np.float64)
    return columns, chunk_costs(compiled, columns, block, block.parts[0], prices)


def test_the_cheapest_marginal_chunks_are_taken() -> None:
    hosts = [
        in_rack("a", "d1", 1, cost=1),
        in_rack("b", "d1", 1, cost=9),
        in_rack("c", "d2", 1, cost=4),
    ]
    _, found = costs(merged(hosts, count=2, members=1))
    # d1: the first chunk costs 1 and the second 9; d2: 4. So 1 + 4.
    assert found.total.tolist() == [5.0]
    # With b the dearest is 9 instead of 4.
    assert found.excess[0].tolist() == [0.0, 5.0, 0.0]


def test_chunks_without_room_cost_infinitely_much() -> None:
    hosts = [in_rack("a", "d1", 2), in_rack("b", "d2", 1)]
    # Two groups of two: d1 has room for one of them, d2 for none.
    _, found = costs(merged(hosts, count=2, members=2))
    assert found.total.tolist() == [math.inf]


def test_a_chunk_domain_is_where_both_domains_intersect() -> None:
    hosts = [
        {"name": "h0", "domains": {"zone": "z0", "rack": "r0"}, "inventory": {"VCPU": 4}},
        {"name": "h1", "domains": {"zone": "z1", "rack": "r1"}, "inventory": {"VCPU": 4}},
        {"name": "h2", "domains": {"zone": "z1", "rack": "r2"}, "inventory": {"VCPU": 4}},
        {"name": "h3", "domains": {"zone": "z1"}, "inventory": {"VCPU": 4}},
    ]
    parent = {
        "name": "P",
        "groups": ["A", "B"],
        "policies": [{"kind": "affinity", "level": "zone"}],
    }
    groups = [group(name, 1, AFFINITY) for name in "AB"]
    problem = SmallProblem([*groups, parent], hosts, levels=("zone", "rack"))
    compiled = merge_interchangeable(problem.compiled).compiled
    (block,) = blocks_of(compiled)
    code, outer = chunk_domains(compiled, block, block.parts[0], np.arange(4))
    assert code.tolist() == [0, 1, 2, -1]
    assert outer.tolist() == [0, 1, 1]


def enumerated(
    hosts: list[Doc], count: int, members: int, per_host: int | None
) -> dict[tuple[int, ...], int]:
    """The cost of each way to place members, by members on each host."""
    found = {}
    rooms = [range(one["inventory"]["VCPU"] + 1) for one in hosts]
    for counts in itertools.product(*rooms):
        if sum(counts) != count * members:
            continue
        of_rack: dict[str, int] = {}
        for one, number in zip(hosts, counts, strict=True):
            rack = one["domains"]["rack"]
            of_rack[rack] = of_rack.get(rack, 0) + number
        if any(number % members for number in of_rack.values()):
            continue
        if per_host is not None and any(
            number > per_host * (of_rack[one["domains"]["rack"]] // members)
            for one, number in zip(hosts, counts, strict=True)
        ):
            continue
        found[counts] = sum(one["cost"] * number for one, number in zip(hosts, counts, strict=True))
    return found


@pytest.mark.parametrize("seed", range(30))
def test_total_is_the_optimum_and_excess_never_more_than_a_column_costs(seed: int) -> None:
    rnd = Random(seed)
    hosts = [
        in_rack(f"h{i}", f"r{i % 3}", rnd.randint(1, 3), cost=rnd.randint(0, 9)) for i in range(6)
    ]
    count = rnd.randint(2, 3)
    members = rnd.randint(1, 2)
    per_host = rnd.choice((None, 1, 2))
    policies = [] if per_host is None else [APART | {"max_per_domain": per_host}]
    columns, found = costs(merged(hosts, count, members, *policies))
    ways = enumerated(hosts, count, members, per_host)
    assert found.total[0] == min(ways.values(), default=math.inf)
    for row, excess in zip(columns.row.tolist(), found.excess[0].tolist(), strict=True):
        using = [cost for counts, cost in ways.items() if counts[row]]
        assert found.total[0] + excess <= min(using, default=math.inf)
