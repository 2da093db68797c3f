"""The laws of `survives`: the checker and the solver against every loss and every recovery."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, Result, check, solve
from groupsolver.model.result import Objective
from tests.support.draws.survives import cases
from tests.support.minimal_documents import case_of
from tests.support.oracle.survives import Survivors

ONE = Limits(seconds=60, workers=1)
Doc = dict[str, Any]
OBJECTIVES: list[Objective] = ["pack", "spread", "cost"]
softness = pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
DRAWS = 60


def drawn(
    seed: object, soft: bool, ranked: bool = False
) -> tuple[Survivors, Application, Fleet, Random]:
    rnd = Random(f"{seed} {soft} {ranked}")
    app, fleet = case_of(rnd, lambda rnd: cases(rnd, soft, ranked))
    return Survivors(app, fleet), Application.model_validate(app), Fleet.model_validate(fleet), rnd


def anywhere(oracle: Survivors, rnd: Random) -> dict[str, str]:
    hosts = list(oracle.hosts)
    return {id_: rnd.choice(hosts) for id_, _, _ in oracle.members}


@softness
def test_the_checker_agrees_with_every_loss_and_every_recovery_tried(soft: bool) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(DRAWS):
        oracle, app, fleet, rnd = drawn(seed, soft)
        for placement in [anywhere(oracle, rnd) for _ in range(4)]:
            verdict = check(app, fleet, placement, objective="cost")
            assert (not verdict.violations) == oracle.holds(placement)
            assert verdict.objective == oracle.value(placement, "cost")
            assignment = oracle.assignments(placement)
            seen[
                any(
                    oracle.measure(n, p, assignment)
                    for n, p in oracle.rules
                    if p["kind"] == "survives"
                )
            ] += 1
    assert min(seen.values()) > sum(seen.values()) // 5


@softness
def test_the_answer_is_the_brute_forced_optimum_with_a_witness_for_each_loss(soft: bool) -> None:
    seen: Counter[str] = Counter()
    for seed in range(DRAWS):
        oracle, app, fleet, rnd = drawn(seed, soft)
        objective = rnd.choice(OBJECTIVES)
        result = solve(app, fleet, objective=objective, limits=ONE, explain=False)
        best = oracle.best(objective)
        assert result.status == ("infeasible" if best is None else "optimal"), seed
        assert result.objective == best, seed
        free = Survivors(easier(oracle.app), oracle.fleet)
        seen["all"] += 1
        seen["matters"] += free.best(objective) != best
        seen["impossible"] += best is None
        if result.placement is not None:
            hold_the_witness(oracle, result)
            verdict = check(
                app, fleet, result.placement, objective=objective, witness=result.witness
            )
            assert (verdict.violations, verdict.objective) == ((), best)
    assert seen["matters"] >= 0.2 * seen["all"]
    assert 0.9 * seen["all"] > seen["impossible"] >= (0 if soft else 0.1 * seen["all"])


def easier(app: Doc) -> Doc:
    """The application without `survives`."""
    groups = [
        group | {"policies": [p for p in group["policies"] if p["kind"] != "survives"]}
        for group in app["groups"]
    ]
    return app | {"groups": groups}


def hold_the_witness(oracle: Survivors, result: Result) -> None:
    """Hold the witness of each loss with members against every rule and the worst loss.

    A loss has the witness that names most of its domains: all of those with members, and no domain
    that is not lost.
    """
    assignment = oracle.assignments(result.placement or {})
    witness = result.witness or {}
    known: set[str] = set()
    for name, policy in oracle.rules:
        if policy["kind"] != "survives":
            continue
        start = f"{name}: {policy.get('level', 'host')} "
        key_of = {
            frozenset(key[len(start) :].split(" + ")): key
            for key in witness
            if key.startswith(start)
        }
        worst = oracle.measure(name, policy, assignment)
        used = oracle.used(name, policy, assignment)
        for loss in oracle.losses(name, policy, assignment):
            lost = set(loss)
            if used & lost:
                serving = [domains for domains in key_of if used & lost <= domains <= lost]
                best = max(serving, key=len)
                most = worst
                if best == lost:
                    most = oracle.nowhere(name, policy, loss, assignment)
                given = witness[key_of[best]]
                assert oracle.valid(name, policy, loss, assignment, given, most)
                known.update(key_of[domains] for domains in serving)
    assert known == set(witness)


def test_with_priorities_each_tier_comes_before_the_next() -> None:
    seen: Counter[str] = Counter()
    for seed in range(DRAWS):
        oracle, app, fleet, _ = drawn(seed, soft=True, ranked=True)
        result = solve(app, fleet, objective="cost", limits=ONE, explain=False)
        best = oracle.best_rank("cost")
        assert result.status == ("infeasible" if best is None else "optimal"), seed
        if result.placement is not None:
            assert oracle.rank(result.placement, "cost") == best, seed
            hold_the_witness(oracle, result)
        seen["all"] += 1
        seen["paid"] += best is not None and any(best[:-1])
    assert seen["paid"] >= 0.1 * seen["all"]


@softness
def test_asking_again_with_the_answer_as_existing_places_nothing(soft: bool) -> None:
    placed = 0
    for seed in range(DRAWS // 3):
        oracle, app, fleet, _ = drawn(f"again {seed}", soft)
        first = solve(app, fleet, limits=ONE, explain=False)
        if first.placement is None:
            continue
        placed += 1
        running = [
            {"id": s[0], "group": s[1], "host": s[2]}
            for s in oracle.assignments(first.placement)
            if s[3]
        ]
        existing = [*app.document()["existing"], *running]
        hosts = {host["name"]: host for host in fleet.document()["hosts"]}
        for there in running:  # `used` is everything that runs, so the new members too
            for name, amount in oracle.sizes[there["id"]].items():
                hosts[there["host"]]["used"][name] = (
                    hosts[there["host"]]["used"].get(name, 0) + amount
                )
        again = Application.model_validate(app.document() | {"existing": existing})
        second_fleet = Fleet.model_validate(fleet.document() | {"hosts": list(hosts.values())})
        second = solve(again, second_fleet, limits=ONE, explain=False)
        assert (second.status, second.placement, second.penalties) == (
            "optimal",
            {},
            first.penalties,
        )
        hold_the_witness(Survivors(again.document(), second_fleet.document()), second)
    assert placed >= DRAWS // 12


def test_a_witness_that_does_not_hold_changes_nothing() -> None:
    for seed in range(DRAWS):
        oracle, app, fleet, rnd = drawn(f"false {seed}", soft=False)
        placement = anywhere(oracle, rnd)
        witness = check(app, fleet, placement).witness or {}
        other = {
            key: dict.fromkeys([*found, "ghost"][: rnd.randint(0, 3)], "h0")
            for key, found in witness.items()
        }
        assert check(app, fleet, placement, witness=other) == check(app, fleet, placement)


@softness
def test_the_same_where_each_recovery_is_left_to_the_solver(
    soft: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Plain order decides nearly all recoveries of cases so small; here it has no step.
    monkeypatch.setattr("groupsolver.solver.survivability.recovery.MAX_QUICK_STEPS", 0)
    for seed in range(DRAWS // 4):
        oracle, app, fleet, _ = drawn(seed, soft)
        result = solve(app, fleet, objective="cost", limits=ONE, explain=False)
        best = oracle.best("cost")
        assert (result.status, result.objective) == (
            "infeasible" if best is None else "optimal",
            best,
        ), seed
        if result.placement is not None:
            hold_the_witness(oracle, result)
