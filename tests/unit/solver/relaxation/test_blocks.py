"""Which member classes are bound to one domain together, and what domains cost."""

from __future__ import annotations

import numpy as np
import pytest

from groupsolver.solver.presolve.interchangeable_groups import merge_interchangeable
from groupsolver.solver.relaxation.blocks import Block, blocks_of
from tests.support.small import group, host
from tests.support.small_problems import AFFINITY, APART, Doc, SmallProblem, in_rack

HOSTS = [in_rack("h0", "r0"), in_rack("h1", "r1"), host("h2")]


def blocks(*groups: Doc, unit: int = 1, existing: list[Doc] | None = None) -> list[Block]:
    problem = SmallProblem(list(groups), HOSTS, existing=existing or [])
    return blocks_of(problem.compiled, unit)


def shape(block: Block) -> tuple[tuple[int, ...], str | None, int]:
    return block.member_classes, block.level, block.price


def test_a_class_that_nothing_binds_is_a_block_by_itself() -> None:
    found = blocks(group("A", 1), group("B", 1, APART))
    assert [shape(one) for one in found] == [((0,), None, 0), ((1,), None, 0)]
    assert not any(one.shares_one_domain for one in found)


def test_classes_that_a_hard_rule_binds_come_as_one() -> None:
    parent = {"name": "P", "groups": ["A", "B"], "policies": [AFFINITY]}
    (first, second) = blocks(group("A", 1), group("B", 1), group("C", 1), parent)
    assert shape(first) == ((0, 1), "rack", 0)
    assert first.shares_one_domain
    assert shape(second) == ((2,), None, 0)


def test_the_rule_over_most_classes_binds_first() -> None:
    parent = {"name": "P", "groups": ["A", "B"], "policies": [AFFINITY]}
    (first,) = blocks(group("A", 1, {"kind": "affinity"}), group("B", 1), parent)
    assert shape(first) == ((0, 1), "rack", 0)


def test_a_soft_rule_prices_further_domains_unless_weights_cost_nothing() -> None:
    soft = AFFINITY | {"weight": 3}
    (block,) = blocks(group("A", 2, soft), unit=1000)
    assert shape(block) == ((0,), "rack", 3000)
    assert not block.shares_one_domain
    (block,) = blocks(group("A", 2, soft), unit=0)
    assert shape(block) == ((0,), None, 0)


def test_a_group_with_running_members_is_bound_already() -> None:
    existing = [{"group": "A", "id": "old", "host": "h0"}]
    (block,) = blocks(group("A", 1, AFFINITY), existing=existing)
    assert shape(block) == ((0,), None, 0)


@pytest.mark.parametrize(
    ("running", "used", "credit"),
    [
        ([], [False, False], 1),  # 0 domains: the measure is 0, the count less one -1
        (["h0"], [True, False], 0),
        (["h0", "h1"], [True, True], 0),
        (["h2"], [False, False], 1),  # in no domain: the measure is 1 already
    ],
)
def test_domains_in_use_cost_nothing_and_the_first_is_free(
    running: list[str], used: list[bool], credit: int
) -> None:
    existing = [
        {"group": "A", "id": f"old{i}", "host": name, "resources": {"VCPU": 1}}
        for i, name in enumerate(running)
    ]
    soft = AFFINITY | {"weight": 3}
    problem = SmallProblem([group("A", 2, soft)], HOSTS, existing=existing)
    (block,) = blocks_of(problem.compiled, 1)
    assert block.used_domains(problem.compiled).tolist() == used
    assert block.credit(problem.compiled) == credit
    assert block.domain_count(problem.compiled) == 2
    assert block.codes(problem.compiled, np.arange(3)).tolist() == [0, 1, -1]


def test_merged_groups_are_a_block_of_chunks() -> None:
    groups = [group(name, 2, AFFINITY, APART) for name in "AB"]
    merged = merge_interchangeable(SmallProblem(groups, HOSTS).compiled)
    (block,) = blocks_of(merged.compiled, 1)
    (part,) = block.parts
    assert (part.member_classes, part.number, part.level, part.per_host) == ((0,), 2, "rack", 1)
    assert block.rule is None


def test_a_rule_by_host_over_all_classes_of_a_block_is_its_ceiling() -> None:
    members = [{"resources": {"VCPU": 1}}, {"resources": {"VCPU": 2}}]
    two_each = {"kind": "anti-affinity", "max_per_domain": 2}
    (block,) = blocks({"name": "A", "policies": [AFFINITY, two_each], "members": members})
    assert block.ceiling is not None
    assert block.ceiling.tolist() == [2, 2, 2]
