"""Prices that rise from member to member: the k-th new member of a domain costs k - free steps.

Under ``spread`` the k-th new member of a host costs ``1000 * (k - 1)`` more than the first. A soft
policy that keeps members apart charges 1, 2, 3, ... weights for those above its limit. The sum is
convex in the number of members, so a linear relaxation may take the steps one by one and is exact::

    step * sum(max(0, members - free - j) for j = 0, 1, 2, ...)

For example, with ``free == 1`` and a step of 1000, three members cost 1000 * (2 + 1) = 3000.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.relaxation import members_before_rise
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.blocks import Block


@dataclass(frozen=True)
class RisingPrice:
    """What rises with the number of new members in a domain.

    Attributes
    ----------
    codes : (H,) int64
        Domain of each host, -1 where nothing rises.
    by_host : bool
        Whether each host is a domain.
    counted : (member classes,) bool
        The classes whose members are counted.
    free : (D,) int64
        How many new members of a domain cost nothing; negative where running members are above
        the limit: the first new one then costs ``1 - free`` steps.
    step : int
        Points.
    of_objective : bool
        Whether the objective asks for it, and not a policy.
    before : (member classes,) int64
        How many counted members of other classes are on every host that a class is on, and come
        before it.
    """

    codes: Ints
    by_host: bool
    counted: Mask
    free: Ints
    step: int
    before: Ints
    of_objective: bool = False

    def first_free(self, class_index: int, rows: Ints) -> Ints:
        """(R,) int64: of one class alone, how many members cost nothing on each of some hosts."""
        return self.free[self.codes[rows]] - int(self.before[class_index])


def rising_prices_of(
    compiled: CompiledProblem, eligibility: Eligibility, blocks: list[Block]
) -> tuple[RisingPrice, ...]:
    """Return what rises under an objective and the soft policies of a problem."""
    return tuple(_rising_prices(compiled, eligibility, blocks))


def _rising_prices(
    compiled: CompiledProblem, eligibility: Eligibility, blocks: list[Block]
) -> Iterator[RisingPrice]:
    classes = len(compiled.member_classes)
    if eligibility.extra_member_price:
        every = np.ones(classes, dtype=np.bool_)
        one_each = np.ones(compiled.fleet.row_count, dtype=np.int64)
        hosts = compiled.fleet.codes(HOST)
        before = _before(compiled, blocks, every)
        yield RisingPrice(
            hosts, True, every, one_each, eligibility.extra_member_price, before, True
        )
    unit = unit_of(eligibility.objective)
    for rule in rules_of(compiled.problem).soft:
        free = members_before_rise(rule.policy, rule.group, compiled)
        below = compiled.member_classes_below(rule.group)
        if free is None or not rule.weight or not below:
            continue
        level = str(level_on(rule.policy, compiled.fleet))
        counted = np.zeros(classes, dtype=np.bool_)
        counted[below] = True
        codes = compiled.fleet.codes(level)
        before = np.zeros(classes, dtype=np.int64)
        if level == HOST:
            before = _before(compiled, blocks, counted)
        yield RisingPrice(codes, level == HOST, counted, free, unit * rule.weight, before)


def _before(compiled: CompiledProblem, blocks: list[Block], counted: Mask) -> Ints:
    """(member classes,) int64: the counted members that share each host with a class.

    Classes of a block that needs one host are counted one after the other.
    """
    before = np.zeros(len(counted), dtype=np.int64)
    for block in blocks:
        if not block.shares_one_domain or block.level != HOST:
            continue
        total = 0
        for class_index in block.member_classes:
            before[class_index] = total
            if counted[class_index]:
                total += compiled.member_classes[class_index].number
    return before
