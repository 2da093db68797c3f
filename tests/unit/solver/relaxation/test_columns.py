"""Candidates as columns, and the cheapest of them in each domain."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from groupsolver.solver.relaxation.columns import cheapest, sort_by_domain
from tests.support.small import group, host
from tests.support.small_problems import SmallProblem, in_rack


def test_each_candidate_of_each_member_class_is_a_column() -> None:
    hosts = [host("h0", 4, cost=3), host("h1", 1, cost=5)]
    columns = SmallProblem([group("A", 2), group("B", 1, vcpu=2)], hosts).columns
    assert columns.member_class.tolist() == [0, 0, 1]
    assert columns.row.tolist() == [0, 1, 0]
    assert columns.price.tolist() == [3, 5, 3]
    # A has two members; B's one member does not fit on h1.
    assert columns.max_members.tolist() == [2, 1, 1]
    assert (columns.of(0), columns.of(1)) == (slice(0, 2), slice(2, 3))


def test_members_beyond_the_first_of_a_host_are_columns_of_their_own_under_spread() -> None:
    hosts = [host("h0", 4, used={"VCPU": 1}), host("h1", 1)]
    columns = SmallProblem([group("A", 3)], hosts, objective="spread").columns
    # h0 is a quarter full and takes three, at 250, 1250 and 2250. h1 takes one.
    assert columns.row.tolist() == [0, 1, 0, 0]
    assert columns.price.tolist() == [250, 0, 1250, 2250]
    assert columns.base_price.tolist() == [250, 0, 250, 250]
    assert columns.max_members.tolist() == [1, 1, 1, 1]
    assert columns.rank.tolist() == [1, 1, 2, 3]


def test_members_above_the_limit_of_a_soft_rule_rise_in_price() -> None:
    two = {"kind": "anti-affinity", "max_per_domain": 2, "weight": 5}
    running = [{"group": "A", "id": "old", "host": "h1", "resources": {"VCPU": 1}}]
    hosts = [host("h0", 4, cost=1), host("h1", 4, cost=2, used={"VCPU": 1})]
    columns = SmallProblem([group("A", 4, two)], hosts, existing=running).columns
    # h0 has two at 1, then 1 + 5 and 1 + 10; h1, which has one already, one at 2, then 2 + 5 and
    # 2 + 10.
    assert columns.row.tolist() == [0, 1, 0, 1, 0, 1]
    assert columns.price.tolist() == [1, 2, 6, 7, 11, 12]
    assert columns.max_members.tolist() == [2, 1, 1, 1, 1, 1]
    assert columns.rank.tolist() == [1, 1, 3, 2, 4, 3]


def test_of_classes_that_share_one_host_one_has_the_first_member_there() -> None:
    members = [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 2}}]
    together = {"name": "A", "policies": [{"kind": "affinity"}], "members": members}
    columns = SmallProblem([together], [host("h0", 4)], objective="spread").columns
    assert columns.price.tolist() == [0, 1000]
    assert columns.rank.tolist() == [1, 1]


def test_selected_columns_are_a_table_of_their_own() -> None:
    hosts = [host(f"h{i}", cost=i) for i in range(3)]
    columns = SmallProblem([group("A", 1), group("B", 1)], hosts).columns
    some = columns.select(np.array([1, 2, 3]))
    assert some.row.tolist() == [1, 2, 0]
    assert (some.of(0), some.of(1)) == (slice(0, 2), slice(2, 3))
    assert len(some) == 3


def test_a_problem_without_candidates_has_no_columns() -> None:
    problem = SmallProblem([group("A", 1, vcpu=9)], [in_rack("h0", "r0", 1)])
    assert len(problem.columns) == 0
    assert problem.columns.of(0) == slice(0, 0)


@pytest.mark.parametrize("scale", [1, 10**6, 0.1])
def test_columns_are_sorted_by_domain_and_by_price_in_it(scale: float) -> None:
    price = np.array([5, 1, 3, 2, 4]) * scale
    codes = np.array([1, 0, 1, -1, 0])
    # Without a domain: 3. Domain 0: 1, 4. Domain 1: 2, 0.
    assert sort_by_domain(price, codes).tolist() == [3, 1, 4, 2, 0]


def test_the_cheapest_columns_of_a_domain_are_filled_first() -> None:
    price = np.array([9, 1, 4])
    max_members = np.array([2, 2, 2])
    codes = np.zeros(3, dtype=np.int64)
    order = sort_by_domain(price, codes)
    total, dearest = cheapest(price, max_members, codes, 1, 3, order)
    # Two at 1 and one at 4.
    assert (total.tolist(), dearest.tolist()) == ([6.0], [4.0])
    total, _ = cheapest(price, max_members, codes, 1, 7, order)
    assert total.tolist() == [np.inf]  # there is room for six


@pytest.mark.parametrize("seed", range(20))
def test_the_cheapest_total_is_that_of_the_sorted_prices(seed: int) -> None:
    rnd = Random(seed)
    size = 12
    price = np.array([rnd.randint(0, 9) for _ in range(size)])
    max_members = np.array([rnd.randint(0, 3) for _ in range(size)])
    codes = np.array([rnd.randint(-1, 3) for _ in range(size)])
    number = rnd.randint(1, 6)
    total, dearest = cheapest(price, max_members, codes, 4, number, sort_by_domain(price, codes))
    for domain in range(4):
        places: list[int] = []
        for at in np.flatnonzero(codes == domain).tolist():
            places += [int(price[at])] * int(max_members[at])
        if len(places) < number:
            assert (total[domain], dearest[domain]) == (np.inf, np.inf)
        else:
            taken = sorted(places)[:number]
            assert (total[domain], dearest[domain]) == (sum(taken), taken[-1])
