"""A lower bound of the objective of every placement of some value."""

from __future__ import annotations

from fractions import Fraction

from groupsolver.solver.batch.problem import BatchProblem


def least_objective(batch: BatchProblem, value: int) -> int:
    """Return a lower bound of the objective of placements whose applications are worth a value.

    Each member costs at least what the cheapest host that may take it does; soft policies, and
    opening hosts, cost nothing or more. The cheapest applications for their value are taken first,
    the last one in part (a fractional knapsack, whose optimum this is).

    Example: of two applications of value 2, which cost at least 4 and 10, some of value 3 cost at
    least 4 + 10 / 2 = 9.
    """
    costs = [_least_cost(batch, number) for number in range(len(batch.bundles))]
    # What costs less than nothing counts whole, whatever it is worth.
    total = sum(cost for cost in costs if cost < 0)
    missing = value
    missing -= sum(one.value for one, cost in zip(batch.bundles, costs, strict=True) if cost < 0)
    dear = [
        (Fraction(cost, one.value), cost, one.value)
        for one, cost in zip(batch.bundles, costs, strict=True)
        if cost >= 0 and one.value
    ]
    for _, cost, worth in sorted(dear):
        if missing <= 0:
            break
        total += cost if missing >= worth else cost * missing // worth
        missing -= worth
    return total


def _least_cost(batch: BatchProblem, number: int) -> int:
    """Return what the members of an application cost at least where it is placed."""
    eligibility = batch.eligibility
    least = batch.least_members(number)
    total = 0
    for index in batch.member_classes[number]:
        open_ = eligibility.max_members[index] > 0
        if not open_.any():
            continue
        cheapest = int(eligibility.base_prices[index][open_].min())
        required = least.get(index, 0) if index not in batch.classes.values else 0
        optional = batch.classes.numbers[index] - required
        total += required * cheapest + optional * min(0, cheapest)
    return total
