"""The laws of `survives` where several domains fail together, with members or without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from groupsolver import Application, Fleet, check, solve, survives
from tests.laws.test_survives import ONE, anywhere, hold_the_witness, softness
from tests.support.draws.survives import cases, minded
from tests.support.minimal_documents import case_of
from tests.support.oracle.survives import InUse, Survivors

Doc = dict[str, Any]
Draw = Callable[[Random, bool], tuple[Doc, Doc]]


def two(rnd: Random, soft: bool) -> tuple[Doc, Doc]:
    return cases(rnd, soft, failures=2)


draws = pytest.mark.parametrize("draw", [two, minded])


@draws
@softness
def test_the_checker_agrees_with_every_set_of_domains_tried(draw: Draw, soft: bool) -> None:
    seen: Counter[str] = Counter()
    for seed in range(120 if draw is minded else 40):
        rnd = Random(f"any {seed} {soft}")
        app, fleet = case_of(rnd, lambda rnd: draw(rnd, soft))
        oracle, used = Survivors(app, fleet), InUse(app, fleet)
        for placement in [anywhere(oracle, rnd) for _ in range(3)]:
            verdict = check(
                Application.model_validate(app),
                Fleet.model_validate(fleet),
                placement,
                objective="cost",
            )
            assert (not verdict.violations) == oracle.holds(placement), seed
            assert verdict.objective == oracle.value(placement, "cost"), seed
            assignment = oracle.assignments(placement)
            rules = [
                (name, policy) for name, policy in oracle.rules if policy["kind"] == "survives"
            ]
            seen["all"] += 1
            seen["empty"] += any(
                oracle.measure(*rule, assignment) != used.measure(*rule, assignment)
                for rule in rules
            )
    assert seen["empty"] >= 0.1 * seen["all"]


@draws
@softness
def test_the_answer_is_the_optimum_over_every_set_of_domains(draw: Draw, soft: bool) -> None:
    seen: Counter[str] = Counter()
    for seed in range(24):
        rnd = Random(f"best {seed} {soft}")
        app, fleet = case_of(rnd, lambda rnd: draw(rnd, soft))
        oracle = Survivors(app, fleet)
        result = solve(
            Application.model_validate(app),
            Fleet.model_validate(fleet),
            objective="cost",
            limits=ONE,
            explain=False,
        )
        best = oracle.best("cost")
        assert (result.status, result.objective) == (
            "infeasible" if best is None else "optimal",
            best,
        ), seed
        if result.placement is not None:
            hold_the_witness(oracle, result)
        seen["all"] += 1
        seen["empty"] += InUse(app, fleet).best("cost") != best
        seen["possible"] += best is not None
    assert seen["empty"] >= 0.08 * seen["all"]
    assert seen["possible"] >= 0.25 * seen["all"]


def test_the_question_is_answered_as_the_oracle_does() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        rnd = Random(f"asked {seed}")
        app, fleet = case_of(rnd, lambda rnd: minded(rnd, soft=False))
        oracle = Survivors(app, fleet)
        placement = anywhere(oracle, rnd)
        ((name, policy),) = [rule for rule in oracle.rules if rule[1]["kind"] == "survives"]
        asked = {
            "level": policy["level"],
            "failures": policy["failures"],
            "group": name,
            "limits": ONE,
        }
        found = survives(
            Application.model_validate(app), Fleet.model_validate(fleet), placement, **asked
        )
        worst = oracle.measure(name, policy, oracle.assignments(placement))
        assert max((len(lost.nowhere) for lost in found.losses), default=0) == worst, seed
        assert found.status == ("falls" if worst else "survives")
        seen[found.status] += 1
    assert min(seen.values()) >= 12
