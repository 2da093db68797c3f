"""The laws of `survives`: the checker and the solver against every loss and every recovery."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, check, solve
from groupsolver.model.result import Objective
from tests.draws_survives import cases
from tests.oracle_survives import Survivors

ONE = Limits(seconds=60, workers=1)
OBJECTIVES: list[Objective] = ["pack", "spread", "cost"]
softness = pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
DRAWS = 60


def drawn(seed: object, soft: bool, ranked: bool = False) -> tuple[Survivors, Application, Fleet, Random]:
    rnd = Random(f"{seed} {soft} {ranked}")
    app, fleet = cases(rnd, soft, ranked)
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
            stands = oracle.stands(placement)
            seen[any(oracle.measure(n, p, stands) for n, p in oracle.rules if p["kind"] == "survives")] += 1
    assert min(seen.values()) > sum(seen.values()) // 5
