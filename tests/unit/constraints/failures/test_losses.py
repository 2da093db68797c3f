"""What a loss leaves: the same problem as one that is made anew."""

from __future__ import annotations

from groupsolver import compile_fleet
from groupsolver.constraints.failures.losses import Loss, State
from groupsolver.constraints.problem.problem import EVERYONE, Problem
from groupsolver.constraints.problem.view import View
from tests.support.small import app, fleet, group, host


def state() -> State:
    """A/0 on h0 and A/1 on h1 are new, B/0 runs on h0 and B/1 on h2; all are below C."""
    compiled = compile_fleet(fleet(*(host(f"h{i}", 4) for i in range(4))))
    parent = {"name": "C", "groups": ["A", "B"], "members": [], "policies": ["anti-affinity"]}
    running = tuple(
        {"group": "B", "id": f"B/{i}", "host": name, "resources": {"VCPU": 1}}
        for i, name in enumerate(("h0", "h2"))
    )
    given = app(group("A", 2), {"name": "B", "members": []}, parent, existing=running)
    return State.of(View(Problem(given, compiled.index), {"A/0": "h0", "A/1": "h1"}))


def test_the_problem_after_a_loss_is_that_of_its_application() -> None:
    left = state().after("C", Loss("host", ("h0",)))
    # On h0 were A/0 and B/0, which are to be placed again; B/1 and A/1 run on.
    assert [member.id for member in left.new_members] == ["A/0", "B/0"]
    assert [there.id for there in left.running_members] == ["B/1", "A/1"]
    anew = Problem(left.app, left.hosts)
    assert left.new_members == anew.new_members
    assert left.running_members == anew.running_members
    assert (left.below, left.above) == (anew.below, anew.above)
    assert left.groups == anew.groups
    assert [left.size(name) for name in left.groups] == [anew.size(name) for name in anew.groups]


def test_a_loss_does_not_change_the_problem_that_it_is_asked_of() -> None:
    one = state()
    problem = one.view.problem
    before = (problem.new_members, problem.running_members, problem.size(EVERYONE))
    one.after("C", Loss("host", ("h0",)))
    assert (problem.new_members, problem.running_members, problem.size(EVERYONE)) == before
    assert "h0" in problem.hosts


def test_views_of_a_problem_list_their_own_new_members_after_those_that_run() -> None:
    problem = state().view.problem
    other = View(problem, {"A/0": "h3"})
    assert [member.id for member in other.members("C")] == ["B/0", "B/1", "A/0"]
    assert [member.id for member in View(problem, {}).members("C")] == ["B/0", "B/1"]
    assert other.members("A") == [other.everyone[-1]]


def test_the_state_of_a_view_is_one_object() -> None:
    one = state()
    assert State.of(one.view) is one
