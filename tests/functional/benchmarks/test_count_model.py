"""HiGHS on the count model: its optimum is that of the library, and its bounds are true."""

from __future__ import annotations

import pytest

from benchmarks.baselines.count_model import Solution, Unsupported, solutions
from benchmarks.support.planted_batches import planted_batch
from groupsolver import (
    AntiAffinity,
    Application,
    Exclusive,
    Fleet,
    Group,
    Host,
    Limits,
    Members,
    Policy,
    check,
    compile_fleet,
    solve,
)

pytest.importorskip("highspy")
LIMITS = Limits(seconds=10, workers=1)


def last(app: Application, fleet: Fleet) -> Solution:
    *_, found = solutions(app, compile_fleet(fleet), "pack", LIMITS)
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_both_prove_the_same_optimum(seed: int) -> None:
    batch = planted_batch(hosts=30, members=40, groups=10, seed=seed)
    mine = solve(batch.application, batch.fleet, limits=LIMITS)
    found = last(batch.application, batch.fleet)
    verdict = check(batch.application, batch.fleet, found.placement)
    assert verdict.violations == ()
    assert verdict.objective == found.bound == mine.objective == mine.bound
    assert found.value_bound == 40


def one_host() -> Fleet:
    return Fleet(hosts=[Host(name="h1", inventory={"VCPU": 8})])


def group(name: str, count: int, vcpu: int, *policies: Policy) -> Group:
    members = (Members(resources={"VCPU": vcpu}, count=count),)
    return Group.model_validate({"name": name, "members": members, "policies": policies})


def test_groups_are_placed_whole_or_not_at_all() -> None:
    # 3 x 2 fits 8; with 2 x 2 more it does not.
    app = Application(groups=(group("A", 3, 2), group("B", 2, 2)))
    found = last(app, one_host())
    assert set(found.placement) == {"A/0", "A/1", "A/2"}
    assert found.value_bound is not None
    assert 3 <= found.value_bound < 5


@pytest.mark.parametrize("policy", [AntiAffinity(max_per_domain=2), Exclusive()])
def test_what_the_model_does_not_know_is_refused(policy: Policy) -> None:
    app = Application(groups=(group("A", 2, 1, policy),))
    with pytest.raises(Unsupported, match="no rows for"):
        last(app, one_host())
    with pytest.raises(Unsupported, match="second member"):
        list(solutions(app, compile_fleet(one_host()), "spread", LIMITS))
