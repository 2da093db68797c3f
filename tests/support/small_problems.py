"""Small problems, compiled, beside the optimum that an enumeration of all placements finds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any
from unittest.mock import patch

import numpy as np

from groupsolver import Application, Fleet, Limits, compile_fleet
from groupsolver.checking.check import unit_of
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.result import Objective
from groupsolver.solver.budget import Budget
from groupsolver.solver.preparation import PreparedProblem, relax
from groupsolver.solver.presolve.eligibility import Eligibility, find_eligibility
from groupsolver.solver.relaxation import column_generation, dual_ascent
from groupsolver.solver.relaxation.blocks import Block, blocks_of
from groupsolver.solver.relaxation.columns import Columns, build_columns
from groupsolver.solver.relaxation.rising_prices import rising_prices_of
from tests.support.oracle.brute_force import Oracle
from tests.support.small import group, host

Doc = dict[str, Any]

AFFINITY: Doc = {"kind": "affinity", "level": "rack"}
APART: Doc = {"kind": "anti-affinity"}


def in_rack(name: str, rack: str, vcpu: int = 4, **more: Any) -> Doc:
    """A host of a rack."""
    return host(name, vcpu, domains={"rack": rack}, **more)


def budget(seconds: float = 60.0) -> Budget:
    return Budget(Limits(seconds=seconds, workers=1), None)


@contextmanager
def dual_ascent_at_any_size(rounds: int = 8) -> Iterator[None]:
    """Find duals of small problems as those of large ones are found, in fewer rounds a sweep."""
    with ExitStack() as patches:
        patches.enter_context(patch.object(column_generation, "MANY_BLOCKS", 0))
        patches.enter_context(patch.object(column_generation, "MANY_COLUMNS", 0))
        patches.enter_context(patch.object(dual_ascent, "ROUNDS", rounds))
        yield


@dataclass
class SmallProblem:
    """Documents of a problem, and what the presolve makes of them with every host a candidate."""

    groups: list[Doc]
    hosts: list[Doc]
    objective: Objective = "cost"
    existing: list[Doc] = field(default_factory=list)
    levels: tuple[str, ...] = ("rack",)
    pools: list[Doc] = field(default_factory=list)

    @property
    def app_doc(self) -> Doc:
        return {"groups": self.groups, "existing": self.existing}

    @property
    def fleet_doc(self) -> Doc:
        return {"levels": list(self.levels), "hosts": self.hosts, "pools": self.pools}

    @cached_property
    def app(self) -> Application:
        return Application.model_validate(self.app_doc)

    @cached_property
    def compiled(self) -> CompiledProblem:
        fleet = compile_fleet(Fleet.model_validate(self.fleet_doc))
        return CompiledProblem(Problem(self.app, fleet.index), fleet)

    @cached_property
    def eligibility(self) -> Eligibility:
        return find_eligibility(self.compiled, self.objective)

    @cached_property
    def candidates(self) -> list[Ints]:
        return [np.flatnonzero(most > 0) for most in self.eligibility.max_members]

    @cached_property
    def blocks(self) -> list[Block]:
        return blocks_of(self.compiled, unit_of(self.objective))

    @cached_property
    def columns(self) -> Columns:
        rising = rising_prices_of(self.compiled, self.eligibility, self.blocks)
        return build_columns(self.eligibility, self.candidates, rising)

    def prepared(self) -> PreparedProblem:
        """The relaxation over every eligible host."""
        return relax(self.compiled, self.eligibility, self.candidates, self.blocks, budget())

    @cached_property
    def oracle(self) -> Oracle:
        return Oracle(self.app_doc, self.fleet_doc)

    def placements(self) -> Iterator[dict[str, str]]:
        """Every placement that holds."""
        return self.oracle.held()

    def best(self) -> int | None:
        """The least objective of all placements, None where there is none."""
        return self.oracle.best(self.objective)


def drawn_problem(seed: int, objective: Objective = "cost") -> SmallProblem:
    """Two groups on five hosts in three racks, with rules that make every kind of row."""
    rnd = Random(seed)
    hosts = [
        in_rack(f"h{i}", f"r{i % 3}", rnd.randint(1, 4), cost=rnd.randint(0, 9)) for i in range(5)
    ]
    policies: list[Doc] = [
        AFFINITY,
        APART,
        {"kind": "affinity", "level": "rack", "weight": rnd.randint(1, 3)},
        {"kind": "anti-affinity", "level": "rack", "max_per_domain": 2},
        {"kind": "apart-from", "group": "B", "level": rnd.choice(("host", "rack"))},
    ]
    groups = [group("A", rnd.randint(1, 3), rnd.choice(policies), vcpu=rnd.randint(1, 2))]
    groups.append(group("B", rnd.randint(1, 2), *rnd.sample(policies[:4], rnd.randint(0, 1))))
    return SmallProblem(groups, hosts, objective)
