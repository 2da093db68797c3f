"""What the laws draw of `spread`: each number, alone and with others, and where it binds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from tests.laws.test_laws import anywhere
from tests.support.draws.applications import cases, policies
from tests.support.oracle.brute_force import Oracle

Doc = dict[str, Any]
NUMBERS = ("min_domains", "max_domains", "max_skew", "share", "at_most")
SEEDS = 400


def numbers_of(policy: Doc) -> list[str]:
    return [name for name in NUMBERS if name in policy]


def drawn(soft: bool) -> list[Doc]:
    hosts = ["h0", "h1", "h2"]
    return [
        policies(Random(f"numbers {seed} {soft}"), "spread", soft, ["B"], hosts)
        for seed in range(SEEDS)
    ]


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("name", NUMBERS)
def test_each_number_is_drawn_alone_and_with_others(name: str, soft: bool) -> None:
    found = [numbers_of(policy) for policy in drawn(soft) if name in policy]
    alone = sum(len(numbers) == 1 for numbers in found)
    assert alone >= SEEDS // 20
    assert len(found) - alone >= SEEDS // 20


@pytest.mark.parametrize("soft", [False, True])
def test_skews_over_either_kind_of_domains_are_drawn(soft: bool) -> None:
    skews = [policy for policy in drawn(soft) if "max_skew" in policy]
    by_room = sum("skew_over" in policy for policy in skews)
    assert min(by_room, len(skews) - by_room) >= SEEDS // 20


def terms(oracle: Oracle, name: str, policy: Doc, placement: dict[str, str]) -> dict[str, int]:
    """What each number of a policy alone adds to its measure."""
    rest = {key: value for key, value in policy.items() if key not in (*NUMBERS, "everywhere")}
    after = oracle.assignments(placement)
    return {
        number: oracle.measure(name, rest | {number: policy[number]}, after)
        for number in numbers_of(policy)
    }


def placed_at_random(oracle: Oracle, rnd: Random) -> list[dict[str, str]]:
    """Some placements for which there is room."""
    return list(filter(oracle.room, (anywhere(oracle, rnd) for _ in range(10))))


def test_each_number_is_broken_and_kept() -> None:
    broken = dict.fromkeys(NUMBERS, 0)
    kept = dict.fromkeys(NUMBERS, 0)
    for seed in range(SEEDS // 4):
        rnd = Random(f"terms {seed}")
        oracle = Oracle(*cases(rnd, "spread", soft=True))
        spreads = [rule for rule in oracle.rules if rule[1]["kind"] == "spread"]
        for placement in placed_at_random(oracle, rnd):
            for name, policy in spreads:
                for number, amount in terms(oracle, name, policy, placement).items():
                    broken[number] += amount > 0
                    kept[number] += amount == 0
    assert min(broken.values()) >= 10, broken
    assert min(kept.values()) >= 10, kept


def test_room_makes_a_difference() -> None:
    other = 0
    for seed in range(SEEDS):
        rnd = Random(f"room {seed}")
        oracle = Oracle(*cases(rnd, "spread", soft=True))
        by_room = [rule for rule in oracle.rules if "skew_over" in rule[1]]
        for placement in placed_at_random(oracle, rnd) if by_room else ():
            after = oracle.assignments(placement)
            for name, policy in by_room:
                by_eligibility = policy | {"skew_over": "eligible"}
                measures = {oracle.measure(name, one, after) for one in (policy, by_eligibility)}
                other += len(measures) == 2
    assert other >= 5
