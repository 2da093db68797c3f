"""What the baselines share: their answer, the weigher, and the count of groups that hold."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.support.board import Board, own_groups
from groupsolver.checking.check import judge, unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.heuristic import marginal_cost
from groupsolver.constraints.registry import Application
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Objective
from groupsolver.solver.presolve.eligibility import host_prices


@dataclass(frozen=True)
class Answer:
    """What a baseline found.

    Attributes
    ----------
    placement : dict of str to str
        Only members of groups that stand whole, no hard policy broken.
    placed, groups : int
        How many groups stand, of how many.
    objective : int or None
        None unless all groups stand.
    bound : int or None
        A proved lower bound, where the method gives one.
    seconds : float
        From the compiled fleet to the answer.
    status : str
    """

    placement: dict[str, str]
    placed: int
    groups: int
    objective: int | None
    bound: int | None = None
    seconds: float = 0.0
    status: str = "feasible"

    @property
    def rank(self) -> tuple[int, float]:
        """Smaller is better: more groups, then a lower objective."""
        return -self.placed, self.objective if self.objective is not None else float("inf")


def ground_of(app: Application, fleet: CompiledFleet) -> CompiledProblem:
    """Hold an application against a fleet."""
    return CompiledProblem(Problem(app, fleet.index), fleet)


class Weigher:
    """Chooses the cheapest open host: its price, a host's second member, soft policies broken."""

    def __init__(self, board: Board, objective: Objective) -> None:
        self.board = board
        self.objective = objective
        compiled = board.compiled
        self._price = [
            host_prices(compiled.fleet, objective, dict(member_class.size))
            for member_class in compiled.member_classes
        ]

    def weigh(self, member_class: int) -> Ints:
        """(H,) int64: what one more member of a class would add to the objective on each host."""
        board, compiled = self.board, self.board.compiled
        group = compiled.member_classes[member_class].group
        weights = self._price[member_class].copy()
        if self.objective == "spread":
            for row in board.rows.values():
                weights[row] += 1000
        for rule in rules_of(compiled.problem).counting(group):
            if rule.policy.weight:
                unit = rule.policy.weight * unit_of(self.objective)
                marginal = marginal_cost(rule.policy, rule.group, group, board.partial)
                if marginal is not None:
                    weights += marginal * unit
                    continue
                allowed = rule.policy.allowed(rule.group, group, board.partial)
                if allowed is not None:
                    weights += np.where(allowed, 0, unit)
        return weights

    def cheapest(self, member_class: int, mask: Mask) -> int:
        """Return the cheapest of the open rows."""
        rows = np.flatnonzero(mask)
        return int(rows[np.argmin(self.weigh(member_class)[rows])])


def settle(compiled: CompiledProblem, placement: Mapping[str, str], objective: Objective) -> Answer:
    """Take out groups that miss members or break a hard policy.

    What is left passes the checker.
    """
    problem = compiled.problem
    groups = own_groups(compiled)
    of = {member.id: member.group for member in problem.new_members}
    kept = dict(placement)
    out: set[str] = set()
    while True:
        verdict = judge(problem, kept, objective)
        if any(violation.group is None for violation in verdict.violations):
            raise AssertionError(f"a baseline overfilled a host: {verdict.violations}")
        broken = {
            leaf
            for v in verdict.violations
            if v.group
            for leaf in problem.below[v.group] & set(groups)
        } - out
        if not broken:
            break
        out |= broken
        kept = {id_: host for id_, host in kept.items() if of[id_] not in out}
    return Answer(kept, len(groups) - len(out), len(groups), None if out else verdict.objective)


def timed(answer: Answer, start: float) -> Answer:
    """Stamp an answer with the time since `start`."""
    return replace(answer, seconds=time.perf_counter() - start)
