"""Which losses speak for all.

Those of domains with members, and of those that make a difference beside.
"""

from __future__ import annotations

from typing import Any

from groupsolver import compile_fleet
from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.failures.recovery import Recovery, recover
from groupsolver.constraints.failures.representative_losses import Tried, representative_losses
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from tests.support.small import app, fleet, group, host


def losses(
    placement: dict[str, str], failures: int, *policies: Any, hosts: int = 4, count: int = 1
) -> list[Tried]:
    """Hosts h0, h1, ... with room for one member each, all of group A."""
    compiled = compile_fleet(fleet(*(host(f"h{i}", 1) for i in range(hosts))))
    view = View(Problem(app(group("A", count, *policies)), compiled.index), placement)
    state = State(view)

    def find(loss: Loss) -> tuple[Problem, Recovery]:
        problem = state.after("A", loss)
        return problem, recover(problem)

    return list(representative_losses("A", "host", failures, view, find))


def domains(tried: list[Tried]) -> list[tuple[str, ...]]:
    return [one.loss.domains for one in tried]


def test_of_one_failure_each_domain_with_members_is_lost() -> None:
    found = losses({"A/0": "h0", "A/1": "h2"}, 1, count=2)
    assert domains(found) == [("h0",), ("h2",)]
    assert all(one.whole == one.loss for one in found)


def test_of_two_failures_the_second_is_one_that_the_lost_member_goes_to_or_any_other() -> None:
    found = losses({"A/0": "h0"}, 2)
    # The loss of h0 sends its member to h1; with h1 lost too it goes to h2. Each other second
    # domain plays no part: one of them, the first, makes the loss whole.
    assert domains(found) == [("h0",), ("h0", "h1")]
    assert [one.whole.domains for one in found] == [("h0", "h2"), ("h0", "h1")]
    assert [dict(one.found.placement) for one in found] == [{"A/0": "h1"}, {"A/0": "h2"}]


def test_where_too_few_are_left_the_members_without_a_place_are_counted() -> None:
    found = losses({"A/0": "h0", "A/1": "h1"}, 2, hosts=3, count=2)
    # Both lost: one of two goes to h2. One lost, and h2 beside it: the lost one has no place.
    assert max(one.found.most for one in found) == 1
    assert all(one.found.least == one.found.most for one in found)


def test_all_fail_where_there_are_fewer_domains_than_failures() -> None:
    (found,) = losses({"A/0": "h0"}, 5, hosts=1)
    assert (found.loss.domains, found.found.most) == (("h0",), 1)


def test_a_loss_is_named_by_its_group_and_its_domains() -> None:
    assert Loss("rack", ("r1", "r2")).key("A") == "A: rack r1 + r2"
    assert Loss("rack", ("r1",)).key("") == "rack r1"
