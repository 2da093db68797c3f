"""Priorities of soft policies: what is valid, what the answer shows, and how time is shared."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from pydantic import ValidationError

from groupsolver import Application, Fleet, Limits, Progress, check, solve
from groupsolver.errors import BadInput
from groupsolver.files.faults import faults_of
from groupsolver.solver.lexicographic import tiers
from tests.support.draws.applications import Doc

RACKS: Doc = {
    "levels": ["rack"],
    "hosts": [
        {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": 4}, "cost": i}
        for i in range(6)
    ],
}
TOGETHER = {"kind": "affinity", "level": "rack", "weight": 1}
APART = {"kind": "anti-affinity", "level": "rack", "weight": 100}


def app(*policies: Doc, count: int = 3) -> Application:
    group = {
        "name": "db",
        "policies": list(policies),
        "members": [{"count": count, "resources": {"VCPU": 1}}],
    }
    return Application.model_validate({"groups": [group]})


def answer(*policies: Doc, **limits: Any) -> Any:
    return solve(
        app(*policies),
        Fleet.model_validate(RACKS),
        objective="cost",
        limits=Limits(workers=1, **limits),
        explain=False,
    )


def costs(result: Any) -> dict[str, int]:
    return {penalty.policy: penalty.cost for penalty in result.penalties}


def test_no_gain_in_a_later_tier_pays_for_a_loss_in_an_earlier_one() -> None:
    # Three members in one rack are 2 beyond the limit of 1, which cost 1 + 2, at weight 100. In
    # three racks they use 2 racks too many, at weight 1.
    first = answer(TOGETHER | {"priority": 0}, APART | {"priority": 1})
    assert (first.status, costs(first)) == ("optimal", {"anti-affinity": 300})
    # All on h0, which costs nothing.
    assert first.objective == first.bound == 300
    other = answer(TOGETHER | {"priority": 1}, APART | {"priority": 0})
    assert (other.status, costs(other)) == ("optimal", {"affinity": 2})
    # On h0, h2 and h4: 0 + 2 + 4, and 2 for the two further racks.
    assert other.objective == other.bound == 8


def test_a_tier_comes_before_policies_that_have_none_and_before_the_hosts() -> None:
    result = answer(TOGETHER | {"weight": 1000}, APART | {"weight": 1, "priority": 3})
    assert costs(result) == {"affinity": 2000}
    assert result.objective == 2000 + 6


def test_policies_of_one_tier_are_traded_by_their_weights() -> None:
    result = answer(TOGETHER | {"priority": 5}, APART | {"weight": 2, "priority": 5})
    # In one rack: 2 x (1 + 2); in two: 1 + 2; in three: 2.
    assert costs(result) == {"affinity": 2}


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"priority": 0}, "missing-key"),
        ({"priority": -1, "weight": 1}, "out-of-range"),
        ({"priority": 0.5, "weight": 1}, "wrong-type"),
        ({"priority": True, "weight": 1}, "wrong-type"),
        ({"priority": 2**63, "weight": 1}, "out-of-range"),
    ],
)
def test_a_priority_is_a_whole_number_on_a_soft_policy(policy: Doc, code: str) -> None:
    with pytest.raises(ValidationError) as error:
        app({"kind": "affinity", **policy})
    faults = faults_of(error.value, {})
    assert [fault.code for fault in faults] == [code]
    assert faults[0].path.startswith("groups[0].policies[0]")


def test_novas_soft_kinds_may_have_one() -> None:
    (policy,) = app({"kind": "soft-affinity", "priority": 0}).groups[0].policies
    assert (policy.kind, policy.weight, policy.priority) == ("affinity", 1, 0)


def test_the_same_policy_with_another_priority_stands_twice() -> None:
    with pytest.raises(ValidationError) as error:
        app(TOGETHER | {"priority": 0}, TOGETHER | {"priority": 1})
    assert [fault.code for fault in faults_of(error.value, {})] == ["repeated-policy"]


def test_priorities_may_be_any_numbers() -> None:
    result = answer(TOGETHER | {"priority": 2**63 - 1}, APART | {"priority": 7})
    assert costs(result) == {"affinity": 2}


def test_the_answer_tells_what_each_policy_cost_and_why() -> None:
    result = answer(TOGETHER | {"priority": 0}, APART | {"priority": 1})
    (penalty,) = result.penalties
    assert penalty.detail == (
        "no rack holds more than 1 member of db: rack r0 holds 3 members, 2 more (priority 1)"
    )


DETAILS: list[tuple[Doc, str]] = [
    ({"kind": "affinity", "level": "rack"}, "they use 3 racks: r0, r1, r2"),
    ({"kind": "network-proximity", "level": "rack"}, "they use 3 racks: r0, r1, r2"),
    ({"kind": "affinity"}, "they use 5 hosts: h0, h1, h2 and 2 more"),
    (
        {"kind": "anti-affinity", "level": "rack"},
        "rack r0 holds 2 members, 1 more; rack r1 holds 2 members, 1 more",
    ),
    ({"kind": "spread", "level": "rack", "max_skew": 0}, "rack r1 holds 2 and r2 holds 1"),
    ({"kind": "spread", "level": "rack", "min_domains": 4}, "they cover 3 racks"),
    (
        {"kind": "within", "hosts": ["h0"]},
        "db/1 is on h1; db/2 is on h2; db/3 is on h3; and more",
    ),
    ({"kind": "apart-from", "group": "web"}, "host h0 holds both"),
    (
        {"kind": "near", "group": "web", "level": "rack"},
        "db/2 on h2 has none; db/3 on h3 has none; db/4 on h4 has none",
    ),
    ({"kind": "exclusive"}, "host h0 is shared"),
]


@pytest.mark.parametrize(
    ("policy", "detail"), DETAILS, ids=[policy["kind"] for policy, _ in DETAILS]
)
def test_a_penalty_names_places_and_members(policy: Doc, detail: str) -> None:
    size = {"resources": {"VCPU": 1}}
    groups = [
        {"name": "db", "policies": [policy | {"weight": 1}], "members": [{"count": 5, **size}]},
        {"name": "web", "members": [size]},
    ]
    placement = {f"db/{i}": f"h{i}" for i in range(5)} | {"web/0": "h0"}
    verdict = check(
        Application.model_validate({"groups": groups}), Fleet.model_validate(RACKS), placement
    )
    (penalty,) = verdict.penalties
    assert penalty.detail.endswith(f": {detail}")


def test_a_detail_is_short_however_many_names_a_policy_has() -> None:
    hosts = [f"host-{i}" for i in range(5000)]
    policy = {"kind": "within", "hosts": hosts, "weight": 1, "priority": 4}
    verdict = check(
        app(policy, count=6), Fleet.model_validate(RACKS), {f"db/{i}": f"h{i}" for i in range(6)}
    )
    (penalty,) = verdict.penalties
    assert len(penalty.detail) < 700
    assert penalty.detail.endswith("(priority 4)")


def test_no_bound_is_reported_before_it_holds_and_the_last_one_is_the_objective() -> None:
    heard: list[Progress] = []
    policies = (TOGETHER | {"priority": 0}, APART | {"priority": 1})
    result = solve(
        app(*policies),
        Fleet.model_validate(RACKS),
        objective="cost",
        limits=Limits(workers=1),
        progress=heard.append,
        explain=False,
    )
    assert [one.bound for one in heard if one.bound is not None and one.bound > 300] == []
    assert (heard[-1].incumbent, heard[-1].bound) == (result.objective, result.bound)


def test_time_that_runs_out_before_the_last_stage_leaves_an_answer_that_claims_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = tiers.LexicographicSolve._solve_stage
    stages: list[int | None] = []

    def slow(self: Any, target: int | None, limits: Any, bound: int, part: Any) -> bool:
        stages.append(target)
        possible = real(self, target, limits, bound, part)
        if target == 0:
            self._budget.stopped = True  # as a watcher would
        return possible

    monkeypatch.setattr(tiers.LexicographicSolve, "_solve_stage", slow)
    result = answer(TOGETHER | {"priority": 0}, APART | {"priority": 1})
    assert stages == [None, 0]
    assert result.status == "feasible"
    assert costs(result) == {"anti-affinity": 300}
    # The hosts' own prices alone: h0 takes three members for 0.
    assert result.bound == 0


def test_a_tier_that_costs_nothing_takes_one_pass_of_the_pipeline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipeline = import_module("groupsolver.solver.pipeline")
    passes: list[Any] = []
    real = pipeline.minimise

    def counted(*args: Any) -> bool:
        passes.append(args[2])
        return bool(real(*args))

    monkeypatch.setattr(pipeline, "minimise", counted)
    result = answer(
        TOGETHER | {"priority": 0},
        {"kind": "within", "hosts": ["h4", "h5"], "weight": 1, "priority": 1},
    )
    assert (result.status, result.penalties) == ("optimal", ())
    assert len(passes) == 1


def test_a_soft_rule_that_is_held_does_not_say_which_domains_spread_counts() -> None:
    """`within` keeps the group to r0; soft, it does not take r1 and r2 out of the skew."""
    within = {"kind": "within", "domains": {"rack": ["r0"]}, "weight": 1, "priority": 0}
    result = answer(within, {"kind": "spread", "level": "rack", "max_skew": 0, "weight": 1})
    # Three in r0 and none elsewhere: a skew of 3. On h0, at cost 0.
    assert (result.status, costs(result), result.objective) == ("optimal", {"spread": 3}, 3)
    refused = answer(within, {"kind": "spread", "level": "rack", "max_skew": 0})
    # Hard, the skew puts one member into each rack: two outside r0.
    assert (refused.status, costs(refused)) == ("optimal", {"within": 2})


def test_a_batch_that_cannot_be_placed_is_refused_whatever_the_tiers() -> None:
    result = solve(
        app(TOGETHER | {"priority": 0}, count=25),
        Fleet.model_validate(RACKS),
        limits=Limits(workers=1),
        explain=False,
    )
    assert result.status == "infeasible"  # 6 hosts of 4 VCPU each


def test_weights_that_leave_64_bits_are_refused_with_priorities_too() -> None:
    with pytest.raises(BadInput, match="leave 64 bits"):
        answer(TOGETHER | {"weight": 2**60, "priority": 0})
