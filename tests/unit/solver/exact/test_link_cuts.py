"""Hard bandwidth policies that share links, against the sum of what each sends."""

from __future__ import annotations

from typing import Any

from groupsolver import Fleet
from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.solver.exact.link_cuts import _PolicyTraffic, post_link_cuts
from tests.support.small import app, group, host
from tests.support.small_models import allowed, assignments, bare_builder, compiled_problem

RATE = {"kind": "bandwidth", "mbps": 60}


def racks(mbps: int) -> Fleet:
    """Two racks of a host each, joined by links of so many Mbit/s."""
    hosts = [host(f"h{i}", 9, domains={"rack": f"r{i}"}) for i in range(2)]
    links = [{"between": [f"r{i}", "spine"], "bandwidth_mbps": mbps} for i in range(2)]
    return Fleet.model_validate({"levels": ["rack"], "hosts": hosts, "links": links})


def posted(mbps: int, *groups: Any) -> ModelBuilder:
    builder = bare_builder(compiled_problem(app(*groups), racks(mbps)))
    post_link_cuts(builder)
    return builder


def test_two_policies_together_fit_the_links() -> None:
    # Of 2 members each, min(n, 2 - n) * 60 crosses: 60 where they are apart, 0 together. The link
    # of 100 carries one group that is apart, not two.
    builder = posted(100, group("A", 2, RATE), group("B", 2, RATE))
    every = set(assignments(builder))
    within = {(a, b) for a, b in every if 60 * min(a) + 60 * min(b) <= 100}
    assert every - within == {((1, 1), (1, 1))}
    assert allowed(builder) == within


def test_what_is_posted_counts_exactly_what_is_free() -> None:
    apart = ((1, 1), (1, 1))
    assert apart in allowed(posted(120, group("A", 2, RATE), group("B", 2, RATE)))
    assert apart not in allowed(posted(119, group("A", 2, RATE), group("B", 2, RATE)))


def test_one_policy_alone_holds_itself() -> None:
    builder = posted(10, group("A", 2, RATE), group("B", 2))
    assert allowed(builder) == set(assignments(builder))


def test_a_soft_policy_takes_no_part() -> None:
    builder = posted(100, group("A", 2, RATE), group("B", 2, RATE | {"weight": 1}))
    assert allowed(builder) == set(assignments(builder))


def test_the_traffic_of_a_policy_is_what_crosses_less_what_crossed_before() -> None:
    # 3 members inside, 5 outside: 3 cross, of which 1 did before, at 100 Mbit/s.
    builder = posted(100, group("A", 1))
    load = _PolicyTraffic([(Linear(const=3), Linear(const=5))], running=1, mbps=100)
    assert load.upper_bound(builder) == 200
    assert load.expression(builder).const == 200
