"""Batches: which applications are placed, and why not the others."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import (
    Application,
    BadInput,
    BatchDocument,
    BatchResult,
    Fleet,
    Limits,
    Progress,
    solve_many,
)
from groupsolver.solver.batch import pipeline
from tests.support.small import app, fleet, group, host

ONE = Limits(seconds=60, workers=1)
THREE = {"a": app(group("x", 3)), "b": app(group("x", 2)), "c": app(group("x", 2))}


def some(apps: dict[str, Application], hosts: Fleet, **more: Any) -> BatchResult:
    return solve_many(apps, hosts, partial=True, limits=ONE, objective="cost", **more)


def test_all_are_placed_or_none() -> None:
    whole = solve_many(THREE, fleet(host("h1", 7)), limits=ONE)
    assert (whole.status, whole.placed, whole.value, whole.value_bound) == (
        "optimal",
        ("a", "b", "c"),
        7,
        7,
    )
    assert whole["b"].placement == {"x/0": "h1", "x/1": "h1"}
    none = solve_many(THREE, fleet(host("h1", 6)), limits=ONE)
    assert (none.status, none.placed, none.value) == ("infeasible", (), 0)
    assert str(none["a"].reason).startswith("cannot be placed together with the others: ")


def test_the_one_that_is_impossible_alone_is_named() -> None:
    apps = {"bad": app(group("x", 2, "anti-affinity")), "good": app(group("x", 1))}
    none = solve_many(apps, fleet(host("h1")), limits=ONE)
    assert none.status == "infeasible"
    assert str(none["bad"].reason).startswith("impossible by itself: ")
    assert none["bad"].conflict is not None
    assert none["good"].reason == "all are placed or none, and another one is not"


def test_the_most_valuable_that_fit_are_placed() -> None:
    # 4 VCPU: a alone is worth 3, b and c together 4.
    result = some(THREE, fleet(host("h1", 4)))
    assert (result.status, result.placed, result.value) == ("optimal", ("b", "c"), 4)
    assert result["a"].reason == (
        "displaced by others of the batch: it needs 3 VCPU, with 0 VCPU left"
    )
    assert result["a"].conflict is None
    valued = some(THREE, fleet(host("h1", 4)), values={"a": 5})
    assert (valued.placed, valued.value, valued.value_bound) == (("a",), 5, 5)


def test_of_equal_values_the_better_objective_is_placed() -> None:
    # One of b and c fits; members of c must be on the dear host.
    dear = {"kind": "within", "hosts": ["h2"]}
    apps = {"c": app(group("x", 2, dear)), "b": app(group("x", 2))}
    hosts = fleet(host("h1", 2, cost=1), host("h2", 2, cost=5, used={"VCPU": 0}))
    both = some(apps, hosts)
    assert (both.placed, both.objective) == (("c", "b"), 12)
    full = fleet(host("h1", 1, cost=1), host("h2", 2, cost=5))
    one = some(apps, full)
    # b costs 1 + 5, c 5 + 5.
    assert (one.placed, one.objective, one.status) == (("b",), 6, "optimal")


def test_rules_of_those_that_are_placed_displace_others() -> None:
    alone = app(group("x", 1, {"kind": "exclusive", "level": "host"}))
    result = some({"a": alone, "b": app(group("y", 1))}, fleet(host("h1")), values={"a": 2})
    assert result.placed == ("a",)
    assert "keeps the rule: " in str(result["b"].reason)


def test_members_of_other_sizes_displace() -> None:
    apps = {"a": app(group("x", 2, vcpu=3)), "b": app(group("y", 1, vcpu=2))}
    result = some(apps, fleet(host("h1"), host("h2")), values={"a": 9})
    assert result.placed == ("a",)
    # 2 VCPU are left, one on each host.
    assert result["b"].reason == (
        "displaced by others of the batch: no host that suits a member of y has 2 VCPU left"
    )


def test_an_application_needs_those_that_it_names() -> None:
    near = {"kind": "near", "group": "db:main"}
    apps = {"web": app(group("x", 2, near)), "db": app(group("main", 3)), "c": app(group("y", 3))}
    result = some(apps, fleet(host("h1", 4)), values={"web": 9})
    assert (result.placed, result.value) == (("db",), 3)
    assert len(result["web"].reason or "") > 0
    other = some(apps, fleet(host("h1", 4)), values={"c": 9})
    assert other.placed == ("c",)
    assert other["web"].reason == "it names groups of db, which is left out"


def test_nothing_fits() -> None:
    result = some({"a": app(group("x", 3))}, fleet(host("h1", 2)))
    assert (result.status, result.value, result.value_bound) == ("optimal", 0, 0)
    assert (result.objective, result.gap) == (None, None)
    assert result["a"].conflict is not None


def test_running_members_count_and_are_not_placed_again() -> None:
    there = {"group": "x", "id": "x/0", "host": "h1", "resources": {"VCPU": 1}}
    apps = {"a": app(group("x", 2, "anti-affinity"), existing=(there,)), "b": app(group("y", 1))}
    hosts = fleet(host("h1", 2, used={"VCPU": 1}), host("h2", 1))
    result = solve_many(apps, hosts, limits=ONE)
    assert result["a"].placement == {"x/1": "h2"}
    assert result["b"].placement == {"y/0": "h1"}
    # Values: one new member each.
    assert result.value == 2


def test_an_application_without_new_members_is_placed() -> None:
    there = {"group": "x", "id": "x/0", "host": "h1", "resources": {"VCPU": 1}}
    apps = {"a": app(group("x", 1), existing=(there,)), "b": app(group("y", 9))}
    result = some(apps, fleet(host("h1", 2, used={"VCPU": 1})))
    assert (result.placed, result["a"].placement, result.value) == (("a",), {}, 0)
    assert result.status == "optimal"


def test_penalties_and_warnings_name_the_application() -> None:
    soft = {"kind": "host-capabilities", "required": ["CUSTOM_X"], "weight": 3}
    result = solve_many({"a": app(group("x", 1, soft))}, fleet(host("h1")), limits=ONE)
    (penalty,) = result.penalties
    assert (penalty.group, penalty.cost) == ("a:x", 3)
    assert result.warnings[0].startswith("a: groups[0].policies[0]")


def test_progress_says_what_is_placed() -> None:
    seen: list[Progress] = []
    some(THREE, fleet(host("h1", 4)), progress=seen.append)
    assert (seen[-1].applications, seen[-1].value, seen[-1].value_bound) == (2, 4, 4)


@pytest.mark.parametrize("partial", [True, False])
def test_a_watcher_stops_the_solve(partial: bool) -> None:
    def stop(progress: Progress) -> bool:
        return progress.placement is not None

    result = solve_many(THREE, fleet(host("h1", 9)), partial=partial, limits=ONE, progress=stop)
    assert result.status in ("optimal", "feasible")
    assert result.value == 7


def test_an_error_of_the_watcher_is_raised() -> None:
    def fail(_: Progress) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        some(THREE, fleet(host("h1", 4)), progress=fail)


def test_a_large_batch_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "MAX_CANDIDATES_EXACT", 0)
    result = some(THREE, fleet(host("h1", 4)))
    assert (result.method, result.value, result.value_bound) == ("search", 4, 4)
    whole = solve_many(THREE, fleet(host("h1", 7)), limits=ONE)
    assert whole.value == 7


def test_where_all_of_a_large_batch_are_placed_their_objective_is_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "MAX_CANDIDATES_EXACT", 0)
    # Five members on the cheap host, two on the dear one.
    result = some(THREE, fleet(host("h1", 5, cost=1), host("h2", 5, cost=4)))
    assert (result.value, result.objective, result.bound) == (7, 13, 13)
    assert (result.status, result.method) == ("optimal", "search")


def test_a_file_says_values() -> None:
    batch = BatchDocument.model_validate(
        {
            "flavors": {"s": {"resources": {"VCPU": 1}}},
            "applications": [
                {"name": "a", "value": 5, "groups": [{"name": "x", "members": [{"flavor": "s"}]}]},
                {"name": "b", "groups": [{"name": "x", "members": [{"flavor": "s"}]}]},
            ],
        }
    )
    result = solve_many(batch, fleet(host("h1", 1)), partial=True, limits=ONE)
    assert (result.placed, result.value) == (("a",), 5)
    other = solve_many(batch, fleet(host("h1", 1)), partial=True, limits=ONE, values={"b": 6})
    assert (other.placed, other.value) == (("b",), 6)


def test_wrong_arguments_are_refused() -> None:
    hosts = fleet(host("h1"))
    wrong: Any = [app(group("x", 1))]
    with pytest.raises(TypeError, match="apps: expected a mapping of names"):
        solve_many(wrong, hosts)
    wrong = {"a": {}}
    with pytest.raises(TypeError, match="an Application"):
        solve_many(wrong, hosts)
    wrong = "fleet.yaml"
    with pytest.raises(TypeError, match="fleet"):
        solve_many(THREE, wrong)
    wrong = 3
    with pytest.raises(TypeError, match="executor"):
        solve_many(THREE, hosts, executor=wrong)
    with pytest.raises(BadInput, match="did you mean 'a'"):
        solve_many({"a": app(group("x", 1))}, hosts, values={"A": 3})
    with pytest.raises(BadInput, match="out-of-range"):
        solve_many(THREE, hosts, values={"a": 0})
    there = {"group": "x", "id": "x/0", "host": "nowhere"}
    with pytest.raises(BadInput, match=r"applications\.a\.existing"):
        solve_many({"a": app(group("x", 1), existing=(there,))}, hosts)
