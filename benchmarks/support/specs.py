"""What is measured: each spec is a way to draw a case from a seed, how often.

And what is hoped for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from benchmarks import alibaba
from benchmarks.impossible import impossible
from benchmarks.meeting import where_policies_meet
from benchmarks.network import leaf_spine, networked
from benchmarks.shards import replicas_and_shards
from benchmarks.support.applications import application, mixed_flavors, one_huge_group
from benchmarks.support.fleets import fleet
from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Objective

ALL: tuple[Objective, ...] = ("pack", "spread", "cost")


@dataclass(frozen=True)
class Case:
    """One drawn case: the fleet compiled, and how long that took."""

    fleet: CompiledFleet
    app: Application
    compile_seconds: float


@dataclass(frozen=True)
class Spec:
    """A way to draw cases, and how many.

    Attributes
    ----------
    name : str
    draw : callable
        Seed to case.
    seeds, quick : int
        Cases of the full and of the quick run.
    textbook : int
        Cases, of each objective, that the textbook baseline is given, from the first.
    gap : float
        Where ours may stop.
    feasible : bool
        Whether a placement exists; otherwise the proof that none does is what counts.
    targets : mapping of str to float
        Figure of `report.Summary` to its bound: ``optimal`` at least, all others at most.
    """

    name: str
    draw: Callable[[int], Case]
    seeds: int
    quick: int = 0
    textbook: int = 0
    objectives: tuple[Objective, ...] = ALL
    gap: float = 0.0
    feasible: bool = True
    targets: Mapping[str, float] = field(default_factory=dict)


def _drawn(hosts: int, app: Callable[[CompiledFleet, int], Application]) -> Callable[[int], Case]:
    def draw(seed: int) -> Case:
        made, seconds = _compiled(fleet(hosts, seed))
        return Case(made, app(made, seed), seconds)

    return draw


def _compiled(made: Fleet) -> tuple[CompiledFleet, float]:
    start = time.perf_counter()
    compiled = compile_fleet(made)
    return compiled, time.perf_counter() - start


def _real(seed: int) -> Case:
    trace = alibaba.read()
    compiled, seconds = _compiled(alibaba.fleet(trace, seed))
    return Case(compiled, alibaba.application(trace, compiled, seed), seconds)


def _networked(seed: int) -> Case:
    made, seconds = _compiled(leaf_spine(10_000, seed))
    return Case(made, networked(made, seed), seconds)


def _sharded(seed: int) -> Case:
    made, seconds = _compiled(fleet(5_000, seed, zones=5, feeds=True))
    return Case(made, replicas_and_shards(seed), seconds)


_SWIFT = {"median": 0.2, "p95": 2.0, "gap": 0.01, "optimal": 0.9}
_PROOF: tuple[Objective, ...] = (
    "pack",
)  # a proof that nothing fits is the same for every objective

SPECS = (
    Spec("application-1000", _drawn(1_000, application), 12, quick=1, textbook=1),
    Spec("application-10000", _drawn(10_000, application), 40, quick=2, textbook=1, targets=_SWIFT),
    Spec("application-100000", _drawn(100_000, application), 5, targets={"median": 0.5}),
    Spec(
        "where-policies-meet-10000",
        _drawn(10_000, where_policies_meet),
        20,
        quick=1,
        textbook=1,
        gap=0.02,
        targets={"median": 1.0, "gap": 0.02},
    ),
    Spec(
        "impossible-10000",
        _drawn(10_000, impossible),
        18,
        quick=4,
        textbook=2,
        objectives=_PROOF,
        feasible=False,
        targets={"median": 0.2, "p95": 2.0, "optimal": 1.0},
    ),
    Spec(
        "network-10000",
        _networked,
        20,
        quick=1,
        gap=0.02,
        targets={"median": 1.0, "gap": 0.02},
    ),
    Spec(
        "replicas-and-shards-5000",
        _sharded,
        10,
        quick=1,
        objectives=_PROOF,
        targets={"p95": 5.0, "optimal": 1.0},
    ),
    Spec("mixed-flavors-1000", _drawn(1_000, mixed_flavors), 5, objectives=_PROOF),
    Spec("one-huge-group-10000", _drawn(10_000, one_huge_group), 3, objectives=_PROOF),
    Spec("real-nodes", _real, 6, quick=1, textbook=1, targets={"optimal": 1.0}),
)
