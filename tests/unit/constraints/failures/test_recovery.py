"""Lost members placed again: how many cannot be, proved where the steps allow."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import compile_fleet
from groupsolver.constraints.failures.recovery import Recovery, recover, sound
from groupsolver.constraints.problem.problem import Problem
from tests.support.small import app, fleet, host


def asked(*sizes: int, policies: tuple[Any, ...] = (), hosts: tuple[int, ...]) -> Problem:
    """Group A with a member of each size, on hosts h0, h1, ... with so many VCPU."""
    members = [{"resources": {"VCPU": size}, "id": f"A/{i}"} for i, size in enumerate(sizes)]
    one = {"name": "A", "policies": list(policies), "members": members}
    small = fleet(*(host(f"h{i}", vcpu) for i, vcpu in enumerate(hosts)))
    return Problem(app(one), compile_fleet(small).index)


def test_all_are_placed_where_there_is_room() -> None:
    problem = asked(3, 2, 2, hosts=(4, 3))
    # 3 does not leave room for 2 on h0 (4), so 3 goes to h1 and 2 + 2 to h0.
    found = recover(problem)
    assert (found.least, found.most) == (0, 0)
    assert found.placement == {"A/0": "h1", "A/1": "h0", "A/2": "h0"}


def test_the_least_that_has_no_place_is_proved() -> None:
    # 2 + 2 + 2 on 3 and 3: one a host, and one is left.
    found = recover(asked(2, 2, 2, hosts=(3, 3)))
    assert (found.least, found.most, len(found.placement)) == (1, 1, 2)


def test_a_member_that_fits_nowhere_is_counted_at_once() -> None:
    found = recover(asked(9, 9, 1, hosts=(3, 3)))
    assert (found.least, found.most, set(found.placement)) == (2, 2, {"A/2"})


def test_hard_rules_bind_and_leaving_out_mends() -> None:
    found = recover(asked(1, 1, 1, policies=("anti-affinity",), hosts=(9, 9)))
    assert (found.least, found.most) == (1, 1)  # one a host, two hosts


def test_a_witness_is_taken_where_it_is_sound() -> None:
    problem = asked(1, 1, hosts=(1, 1))
    given = {"A/0": "h1", "A/1": "h0"}
    assert recover(problem, given, steps=0) == Recovery(0, 0, given)


@pytest.mark.parametrize(
    "given",
    [{"A/0": "h0", "A/1": "h0"}, {"A/0": "gone"}, {"other": "h0"}],
    ids=["too much for a host", "a host that is lost", "a member of none"],
)
def test_a_witness_that_does_not_hold_is_searched_anew(given: dict[str, str]) -> None:
    found = recover(asked(1, 1, hosts=(1, 1)), given)
    assert (found.least, found.most) == (0, 0)


def test_out_of_steps_what_was_found_and_what_is_proved_are_apart() -> None:
    # h0 takes the first member, step 1; the second needs h1, which is tried after h0, full by then.
    found = recover(asked(1, 1, hosts=(1, 1)), steps=1)
    assert (found.least, found.most, found.placement) == (0, 1, {"A/0": "h0"})


def test_a_search_that_is_stopped_says_the_same_as_one_out_of_steps() -> None:
    found = recover(asked(1, hosts=(1,)), stop=lambda: True)
    assert found == Recovery(0, 1, {})


def test_a_placement_of_some_is_sound_by_itself() -> None:
    problem = asked(1, 1, policies=("affinity",), hosts=(1, 1))
    assert sound(problem, {"A/0": "h0"})
    assert not sound(problem, {"A/0": "h0", "A/1": "h1"})  # two hosts, against affinity
