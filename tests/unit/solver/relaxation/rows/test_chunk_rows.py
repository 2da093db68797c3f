"""The linear rows of chunks: what they ask of members, chunk domains and the block's domain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from groupsolver.solver.presolve.eligibility import find_eligibility
from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.blocks import blocks_of
from groupsolver.solver.relaxation.columns import build_columns
from groupsolver.solver.relaxation.restricted_master import solve_restricted_master
from tests.support.small import group
from tests.support.small_problems import AFFINITY, Doc, SmallProblem


def member_host(name: str, zone: str, rack: str, vcpu: int, cost: int) -> Doc:
    domains = {"zone": zone, "rack": rack}
    return {"name": name, "domains": domains, "inventory": {"VCPU": vcpu}, "cost": cost}


def value(hosts: list[Doc], *parents: Doc, members: int = 2, **more: Any) -> float:
    """The relaxation of two merged groups, without capacity rows."""
    groups = [group(name, members, AFFINITY, *more.get("policies", [])) for name in "AB"]
    problem = SmallProblem([*groups, *parents], hosts, levels=("zone", "rack"))
    compiled = merge_interchangeable(problem.compiled).compiled
    assert len(compiled.member_classes) == 1
    blocks = blocks_of(compiled)
    eligibility = find_eligibility(compiled, "cost")
    candidates = [np.flatnonzero(most > 0) for most in eligibility.max_members]
    columns = build_columns(eligibility, candidates)
    core = np.ones(len(columns), dtype=np.bool_)
    solved = solve_restricted_master(compiled, columns, blocks, [], [], [], core, 10)
    assert solved is not None
    return solved[0]


ZONE = {"name": "P", "groups": ["A", "B"], "policies": [{"kind": "affinity", "level": "zone"}]}


def test_members_are_where_chunks_are() -> None:
    hosts = [
        member_host("a", "z0", "r0", 2, cost=1),
        member_host("b", "z0", "r0", 2, cost=5),
        member_host("c", "z0", "r1", 2, cost=2),
    ]
    # A chunk of two in r0 at 1 each and one in r1 at 2 each.
    assert value(hosts) == pytest.approx(6)


def test_all_chunks_are_in_the_blocks_one_domain() -> None:
    hosts = [
        member_host("a", "z0", "r0", 2, cost=1),
        member_host("b", "z1", "r1", 4, cost=3),
        member_host("c", "z0", "r0", 2, cost=9),
    ]
    # Together in one zone: z1 at 4 x 3, as z0 would cost 2 + 18. Half of z0 would be 1 x 2, if it
    # were not open just as far as it is chosen.
    assert value(hosts, ZONE) == pytest.approx(12)
    # Without the zone a chunk takes a and the other b: 2 + 6.
    assert value(hosts) == pytest.approx(8)


def test_a_host_has_no_more_of_each_chunk_than_the_rule_allows() -> None:
    hosts = [member_host(f"h{i}", "z0", "r0", 4, cost=i) for i in range(3)]
    apart = {"kind": "anti-affinity", "max_per_domain": 1}
    # One member of each chunk on a host: two on h0 and two on h1. Otherwise four on h0.
    assert value(hosts, policies=[apart]) == pytest.approx(2)
    assert value(hosts) == pytest.approx(0)
