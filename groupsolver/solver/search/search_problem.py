"""The whole problem of a search, and the problems of those groups that one step concerns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem, Size
from groupsolver.model.application import Application, Group
from groupsolver.model.compiled.arrays import Floats, Ints
from groupsolver.model.result import Objective
from groupsolver.solver.presolve.eligibility import Eligibility
from groupsolver.solver.relaxation.blocks import Block, blocks_of
from groupsolver.solver.search.couplings import Concerned, Couplings, groups_with_ancestors

SCARCITY_POWER = 4  # a resource that is 95 % full weighs 2.4 times as much as one 76 % full
POINTS_PER_VOLUME = 1000


@dataclass(frozen=True)
class Subproblem:
    """The problem of some groups alone.

    Attributes
    ----------
    compiled : CompiledProblem
    classes : list of int
        By member class of `compiled`: its number in the whole problem.
    """

    compiled: CompiledProblem
    classes: list[int]


class SearchProblem:
    """What stays the same during a search.

    Parameters
    ----------
    compiled : CompiledProblem
    eligibility : Eligibility

    Attributes
    ----------
    couplings : Couplings
    blocks : list of Block
        The member classes that a hard policy puts into one domain, and the others one by one.
    resources : list of str
        R resource classes that members take, sorted.
    sizes : (classes, R) float64
        What one member of each class takes, as a share of what the mean host has free.
    free : (R, H) float64
        What is free on each host before the search, in the same unit.
    """

    def __init__(self, compiled: CompiledProblem, eligibility: Eligibility) -> None:
        self.compiled = compiled
        self.eligibility = eligibility
        self.couplings = Couplings(compiled)
        self.blocks: list[Block] = blocks_of(compiled)
        self._groups: dict[str, Group[Any]] = {
            group.name: group for group in compiled.problem.app.groups
        }
        self._place_of = {name: place for place, name in enumerate(self._groups)}
        self._class_of: dict[tuple[str, Size], int] = {
            (one.group, one.size): index for index, one in enumerate(compiled.member_classes)
        }
        names = {name for one in compiled.member_classes for name, _ in one.size}
        self.resources = sorted(names)
        free = [compiled.fleet.free(name).astype(np.float64) for name in self.resources]
        self.free: Floats = np.array(free).reshape(len(self.resources), compiled.fleet.row_count)
        mean = self.free.mean(axis=1) if self.free.size else np.ones(len(self.resources))
        self.unit: Floats = np.where(mean > 0, mean, 1.0)
        self.free /= self.unit[:, None]
        self.sizes = self._sizes() / self.unit

    def _sizes(self) -> Floats:
        found = np.zeros((len(self.compiled.member_classes), len(self.resources)))
        for class_index, one in enumerate(self.compiled.member_classes):
            size = dict(one.size)
            found[class_index] = [size.get(name, 0) for name in self.resources]
        return found

    @property
    def objective(self) -> Objective:
        """What is minimised."""
        return self.eligibility.objective

    @cached_property
    def numbers(self) -> Ints:
        """(classes,) int64: members of each class."""
        return np.array([one.number for one in self.compiled.member_classes], dtype=np.int64)

    @cached_property
    def _volume_weights(self) -> Floats:
        """By resource, what a unit of it counts, (R,) float64: the more the scarcer it is."""
        demand = self.numbers @ self.sizes
        scarcity = demand / np.maximum(self.free.sum(axis=1), 1e-9)
        weights: Floats = POINTS_PER_VOLUME * np.minimum(scarcity, 1.0) ** SCARCITY_POWER
        return weights

    @property
    def free_volume(self) -> int:
        """What all hosts have free, in points of volume."""
        return int(self.free.sum(axis=1) @ self._volume_weights)

    @cached_property
    def volumes(self) -> list[int]:
        """What one member of each class counts, in points of volume, at least 1."""
        points = self.sizes @ self._volume_weights
        return [max(1, round(volume)) for volume in points.tolist()]

    @cached_property
    def block_of(self) -> list[Block]:
        """By member class: its block."""
        found: dict[int, Block] = {}
        for block in self.blocks:
            found.update(dict.fromkeys(block.member_classes, block))
        return [found[class_index] for class_index in range(len(self.compiled.member_classes))]

    @cached_property
    def classes_of_group(self) -> dict[str, list[int]]:
        """By group that has members of its own: their classes."""
        found: dict[str, list[int]] = {}
        for class_index, one in enumerate(self.compiled.member_classes):
            found.setdefault(one.group, []).append(class_index)
        return found

    def classes_placed_with(self, class_index: int) -> list[int]:
        """Return the classes of a class's block and bundle: those that are placed together."""
        block = self.block_of[class_index]
        found = set(block.member_classes) if block.shares_one_domain else {class_index}
        bundle = self.couplings.bundle_of.get(self.compiled.member_classes[class_index].group)
        for group in bundle or ():
            found.update(self.classes_of_group.get(group, ()))
        return sorted(found)

    def rows_sharing(self, rows: Ints) -> list[int]:
        """Return some rows, and those that take from the same pools."""
        found = set(rows.tolist())
        for name in self.resources:
            numbers = self.compiled.fleet.pools.of.get(name)
            if numbers is not None:
                pools = np.unique(numbers[rows])
                found.update(np.flatnonzero(np.isin(numbers, pools[pools >= 0])).tolist())
        return sorted(found)

    def subproblem(self, concerned: Concerned) -> Subproblem:
        """Return the problem of the groups that a change concerns, with the rules that it does."""
        problem = self.compiled.problem
        names = groups_with_ancestors(problem, concerned.groups)
        policies: dict[str, list[Any]] = {}
        for rule in concerned.rules:
            policies.setdefault(rule.group, []).append(rule.policy)
            names.add(rule.group)
        groups = []
        for name in sorted(names, key=self._place_of.__getitem__):
            group = self._groups[name]
            changed = {
                "policies": tuple(policies.get(name, ())),
                "members": group.members if name in concerned.groups else (),
                "groups": tuple(child for child in group.groups if child in names),
                "at_least": None,
            }
            groups.append(Group.model_construct(**{**dict(group), **changed}))
        existing = tuple(there for there in problem.app.existing if there.group in concerned.groups)
        app: Application[Any] = Application.model_construct(
            **{**dict(problem.app), "groups": tuple(groups), "existing": existing}
        )
        compiled = CompiledProblem(Problem(app, problem.hosts, valid=True), self.compiled.fleet)
        classes = [self._class_of[one.group, one.size] for one in compiled.member_classes]
        return Subproblem(compiled, classes)

    def eligibility_of(self, part: Subproblem) -> Eligibility:
        """Return where the member classes of a part may go, and at what price."""
        whole = self.eligibility
        return replace(
            whole,
            max_members=tuple(whole.max_members[index] for index in part.classes),
            prices=tuple(whole.prices[index] for index in part.classes),
            base_prices=tuple(whole.base_prices[index] for index in part.classes),
            openings=(),
        )
