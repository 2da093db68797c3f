"""Which hosts are dropped, and that the optimum over the rest is that of all placements."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.solver.exact.cp_sat import build_model
from groupsolver.solver.presolve.host_reduction import (
    _kept_by_domain,
    hosts_touched,
    reduce_hosts,
)
from tests.laws.test_reduction import least
from tests.support.small import group, host
from tests.support.small_problems import (
    AFFINITY,
    APART,
    Doc,
    SmallProblem,
    drawn_problem,
    in_rack,
)


def kept(problem: SmallProblem) -> list[list[int]]:
    return [rows.tolist() for rows in reduce_hosts(problem.compiled, problem.eligibility)]


def test_as_many_of_the_cheapest_hosts_are_kept_as_members_can_touch() -> None:
    hosts = [host(f"h{i}", cost=9 - i) for i in range(9)]
    problem = SmallProblem([group("A", 2, APART)], hosts)
    assert hosts_touched(problem.compiled) == 2
    assert kept(problem) == [[7, 8]]


def test_a_unit_that_must_share_a_host_touches_one() -> None:
    problem = SmallProblem(
        [group("A", 3, {"kind": "affinity"})], [host(f"h{i}", i) for i in range(1, 6)]
    )
    assert hosts_touched(problem.compiled) == 1
    # Three members need 3 VCPU: h3 is the first that has them.
    assert kept(problem) == [[2]]


def test_hosts_with_running_members_are_kept_beside_the_others() -> None:
    hosts = [host(f"h{i}", cost=i) for i in range(9)]
    existing = [{"group": "A", "id": "old", "host": "h5"}]
    two_each = {"kind": "anti-affinity", "max_per_domain": 2}
    problem = SmallProblem([group("A", 1, two_each)], hosts, existing=existing)
    assert kept(problem) == [[0, 5]]


def test_of_each_class_of_domains_hosts_are_kept() -> None:
    hosts = [in_rack(f"h{i}", f"r{i % 2}", cost=i) for i in range(12)]
    problem = SmallProblem([group("A", 2, AFFINITY)], hosts)
    # Two hosts of each of the two racks.
    assert kept(problem) == [[0, 1, 2, 3]]


def test_nothing_is_dropped_for_a_policy_that_looks_at_each_host() -> None:
    near: Doc = {"kind": "near", "group": "B", "level": "host"}
    problem = SmallProblem([group("A", 1, near), group("B", 1)], [host(f"h{i}") for i in range(9)])
    assert kept(problem) == [list(range(9)), list(range(9))]


def test_a_row_is_dropped_once_its_domain_and_others_have_kept_enough() -> None:
    # Racks by row: a a a b b c, in order of price; two hosts can be touched.
    racks = ["a", "a", "a", "b", "b", "c"]
    hosts = [in_rack(f"h{i}", rack) for i, rack in enumerate(racks)]
    problem = SmallProblem([group("A", 2)], hosts)
    rows = np.arange(6)
    nothing = np.zeros(6, dtype=np.bool_)
    # h2: two of rack a are kept. h3: only rack a besides, so it is kept. h4: h3 and rack a are two.
    # h5: racks a and b are two.
    assert _kept_by_domain(problem.compiled, rows, "rack", nothing, 2) == [0, 1, 3]
    # With running members in rack a, it is not as good as another: h4 and h5 have rack b alone.
    in_rack_a = np.array([True, False, False, False, False, False])
    assert _kept_by_domain(problem.compiled, rows, "rack", in_rack_a, 2) == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("seed", range(30))
def test_the_optimum_over_the_kept_hosts_is_that_of_all_placements(seed: int) -> None:
    problem = drawn_problem(seed)
    candidates = reduce_hosts(problem.compiled, problem.eligibility)
    builder = build_model(problem.compiled, problem.eligibility, candidates)
    assert least(builder.model) == problem.best()


def test_hosts_of_each_pool_are_kept_where_a_pool_may_run_out() -> None:
    hosts = [host(f"h{i}", cost=i) for i in range(9)]
    small = {"name": "small", "hosts": ["h0", "h1", "h2", "h3"], "inventory": {"DISK_GB": 1}}
    large = {"name": "large", "hosts": ["h4", "h5", "h6", "h7"], "inventory": {"DISK_GB": 9}}
    members = [{"resources": {"VCPU": 1, "DISK_GB": 1}, "count": 2}]
    problem = SmallProblem([{"name": "A", "members": members}], hosts, pools=[small, large])
    # Of each pool the two cheapest; h8 has no disk. One pool may have too little for both members.
    assert kept(problem) == [[0, 1, 4, 5]]
    enough = small | {"inventory": {"DISK_GB": 2}}
    problem = SmallProblem([{"name": "A", "members": members}], hosts, pools=[enough, large])
    assert kept(problem) == [[0, 1]]
