"""The links that leave a domain.

What hard bandwidth policies add together, and how much is too much.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from groupsolver import Application, Fleet, compile_fleet
from groupsolver.constraints.capacity.link_capacity import added_to, overloaded, overloads
from groupsolver.constraints.capacity.shared_links import link_loads, overloadable_links, peak_load
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from tests.support.small import app, group, host

# Two racks of one host each; r1's link has 1,000 - 200 Mbit/s free, r2's does not say.
FLEET = Fleet.model_validate(
    {
        "levels": ["rack"],
        "hosts": [host("h1", 9, domains={"rack": "r1"}), host("h2", 9, domains={"rack": "r2"})],
        "links": [
            {"between": ["r1", "spine"], "bandwidth_mbps": 1000, "used_mbps": 200},
            {"between": ["r2", "spine"]},
        ],
    }
)
APART = {"A/0": "h1", "A/1": "h2", "B/0": "h1", "B/1": "h2"}


def rate(mbps: int, **more: Any) -> dict[str, Any]:
    return {"kind": "bandwidth", "mbps": mbps, **more}


def problem(one: dict[str, Any], other: dict[str, Any]) -> Problem:
    asked: Application = app(group("A", 2, one), group("B", 2, other))
    return Problem(asked, compile_fleet(FLEET).index)


def test_hard_rates_add_up_and_soft_ones_do_not() -> None:
    # Of two members one is inside of each rack: min(1, 1) x rate cross each rack's and host's cut.
    both = added_to(View(problem(rate(300), rate(400)), APART))
    assert both["rack", "r1"] == both["host", "h2"] == 300 + 400
    one = added_to(View(problem(rate(300), rate(400, weight=1)), APART))
    assert one["rack", "r1"] == 300


def test_members_together_add_nothing() -> None:
    together = dict.fromkeys(APART, "h1")
    assert not +added_to(View(problem(rate(300), rate(400)), together))


def test_what_is_added_beyond_what_is_free_is_too_much() -> None:
    hosts = compile_fleet(FLEET).index
    assert list(overloaded(hosts, Counter({("rack", "r1"): 800, ("rack", "r2"): 9999}))) == []
    ((sentence, mbps),) = overloaded(hosts, Counter({("rack", "r1"): 801}))
    assert mbps == 801 - 800
    assert sentence == (
        "the links that leave rack r1 have 800 Mbit/s free; what is placed adds 801"
    )


def test_each_rate_may_fit_and_both_together_not() -> None:
    assert list(overloads(View(problem(rate(400), rate(400)), APART))) == []  # 800 of 800
    assert [mbps for _, mbps in overloads(View(problem(rate(500), rate(400)), APART))] == [100]


def test_over_arrays_the_same_links_can_be_overloaded() -> None:
    fleet = compile_fleet(FLEET)
    for first, racks in ((400, []), (401, ["r1"])):  # of 2 x 400 = 800 none, of 801 r1's
        compiled = CompiledProblem(problem(rate(first), rate(400)), fleet)
        assert [group_ for group_, _ in link_loads(compiled)] == ["A", "B"]
        marked = overloadable_links(compiled).get("rack")
        known = {name: fleet.code("rack", name) for name in ("r1", "r2")}
        found = [] if marked is None else [name for name in known if marked[known[name]]]
        assert found == racks
        (group_, policy), _ = link_loads(compiled)
        assert peak_load(compiled, group_, policy, "rack").tolist() == [first, first]
