"""A batch of real pods on real nodes: how much of the GPUs is allocated.

``python -m benchmarks.real_batches [--load 1.0 1.1 1.2] [--time-limit S] [--json FILE]``

The nodes of `benchmarks.alibaba` are empty, and each of their GPUs is a cell of 1,000 thousandths,
so that a share of a GPU is one of a device. All pods of the trace come as one batch, each an
application of its own. A pod of several GPUs is a group of as many members on one host, each with a
device and its part of the processors and the memory. Pods of the trace are drawn again until they
ask for as much of all GPUs as the load says; load 1.0 is the arrived load of 100 % at which the
published ratios are measured (`published_gpu_alloc.csv`). There pods come one after the other, in
random orders, and none is known before it comes.

A pod is worth its thousandths of GPUs, and one without GPU 1.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import alibaba
from benchmarks.alibaba import CLASSES, DataMissing, Trace, data_folder
from benchmarks.support.bulk_methods import METHODS, Instance, Step
from benchmarks.support.report import machine
from groupsolver import (
    Affinity,
    Application,
    Cell,
    Fleet,
    Group,
    Host,
    Inventory,
    Limits,
    Members,
    check,
    compile_fleet,
)
from groupsolver.model.compiled.arrays import Ints, Mask

CPU, MEMORY, GPU = range(3)  # columns of the trace
DEVICE = 1000  # thousandths of one GPU
WORKLOAD = "openb_pod_list_default"
PUBLISHED = "published_gpu_alloc.csv"
TABLE_WIDTH = 120  # columns, where the output is no terminal


@dataclass(frozen=True)
class PodBatch:
    """Nodes, and the pods that come.

    Attributes
    ----------
    trace : Trace
    pods : (P, 3) int64
        What each takes of CPU, memory and GPU; more GPU than 1,000 are whole devices.
    """

    trace: Trace
    pods: Ints = field(repr=False)

    @cached_property
    def names(self) -> list[str]:
        """The name of each pod: of its application and its group."""
        return [f"pod-{i:05d}" for i in range(len(self.pods))]

    @property
    def values(self) -> dict[str, int]:
        """What each pod is worth."""
        amounts = np.maximum(1, self.pods[:, GPU]).tolist()
        return dict(zip(self.names, amounts, strict=True))

    @cached_property
    def fleet(self) -> Fleet:
        """The nodes, with a cell for each GPU."""
        hosts = tuple(
            Host(
                name=f"node-{i:04d}",
                inventory=_inventory([amounts[CPU], amounts[MEMORY], 0]),
                cells=[Cell(inventory={CLASSES[GPU]: DEVICE})] * (amounts[GPU] // DEVICE),
            )
            for i, amounts in enumerate(self.trace.capacity.tolist())
        )
        return Fleet(hosts=hosts)

    @cached_property
    def groups(self) -> dict[str, Group]:
        """The group of each pod."""
        pods = zip(self.names, self.pods.tolist(), strict=True)
        return {name: _group(name, pod) for name, pod in pods}

    def instance(self) -> Instance:
        """Return what a method is given."""
        return Instance(
            application=Application(name="pods", groups=tuple(self.groups.values())),
            fleet=compile_fleet(self.fleet),
            applications={
                name: Application(name=name, groups=(group,)) for name, group in self.groups.items()
            },
            partial=True,
            values=self.values,
        )

    def placed(self, placement: Mapping[str, str]) -> Mask:
        """(P,) bool: the pods all of whose members are placed. Checks all rules.

        Raises
        ------
        AssertionError
            Where the placement breaks a rule.
        """
        whole = {
            name: all(f"{name}/{i}" in placement for i in range(group.members[0].count))
            for name, group in self.groups.items()
        }
        groups = tuple(group for name, group in self.groups.items() if whole[name])
        kept = {id_: host for id_, host in placement.items() if whole[id_.partition("/")[0]]}
        violations = check(Application(groups=groups), self.fleet, kept).violations
        if violations:
            raise AssertionError(f"the placement of pods breaks a rule: {violations[:3]}")
        return np.array(list(whole.values()))


def pods_at(trace: Trace, load: float, seed: int) -> PodBatch:
    """Return the pods of a trace, some of them again until they ask for a share of all GPUs.

    Where they ask for more already, the last ones do not come.
    """
    wanted = load * int(trace.capacity[:, GPU].sum())
    again = np.random.default_rng(seed).integers(len(trace.pods), size=len(trace.pods))
    pods = np.concatenate([trace.pods, trace.pods[again]])
    number = int(np.searchsorted(np.cumsum(pods[:, GPU]), wanted, side="right"))
    return PodBatch(trace, pods[:number])


def _inventory(amounts: Sequence[int]) -> dict[str, Inventory]:
    named = zip(CLASSES, amounts, strict=True)
    return {name: Inventory(total=amount) for name, amount in named if amount}


def _group(name: str, pod: Sequence[int]) -> Group:
    """Return a pod as a group: a member for each of its devices, or one."""
    devices = max(1, pod[GPU] // DEVICE)
    # Rounded up: the members together take at least what the pod takes.
    parts = [-(-amount // devices) for amount in pod]
    named = zip(CLASSES, parts, strict=True)
    resources = {resource: amount for resource, amount in named if amount}
    policies = (Affinity(),) if devices > 1 else ()
    return Group(
        name=name, policies=policies, members=(Members(resources=resources, count=devices),)
    )


# The baseline: one pod after the other.


def best_fit(batch: PodBatch, order: Ints) -> dict[str, str]:
    """Place pods in an order, each on the node that it leaves least of; see `NodeRoom`."""
    room = NodeRoom(batch.trace)
    placement = {}
    for i in order:
        group = batch.groups[batch.names[int(i)]]
        node = room.put(batch.pods[int(i)])
        if node is not None:
            for member in range(group.members[0].count):
                placement[f"{group.name}/{member}"] = f"node-{node:04d}"
    return placement


class NodeRoom:
    """What is free of each node, and of each of its GPUs.

    Parameters
    ----------
    trace : Trace
    """

    def __init__(self, trace: Trace) -> None:
        devices = trace.capacity[:, GPU] // DEVICE
        self.capacity = trace.capacity.max(axis=0)
        self.free = trace.capacity[:, [CPU, MEMORY]].copy()
        self.devices = np.where(np.arange(devices.max()) < devices[:, None], DEVICE, 0)

    def put(self, pod: Ints) -> int | None:
        """Put a pod on the node with least left of GPU and CPU. Return the node, or None."""
        fits = (self.free >= pod[[CPU, MEMORY]]).all(axis=1)
        gpu = int(pod[GPU])
        if gpu > DEVICE:
            fits &= (self.devices == DEVICE).sum(axis=1) >= gpu // DEVICE
        elif gpu:
            fits &= self.devices.max(axis=1) >= gpu
        nodes = np.flatnonzero(fits)
        if not len(nodes):
            return None
        left = self.devices[nodes].sum(axis=1) / self.capacity[GPU]
        left = left + self.free[nodes, CPU] / self.capacity[CPU]
        node = int(nodes[np.argmin(left)])
        self.free[node] -= pod[[CPU, MEMORY]]
        self._take(node, gpu)
        return node

    def _take(self, node: int, gpu: int) -> None:
        """Take whole devices, or a share of the fullest device that has it."""
        devices = self.devices[node]
        if gpu > DEVICE:
            devices[np.flatnonzero(devices == DEVICE)[: gpu // DEVICE]] = 0
        elif gpu:
            open_ = np.flatnonzero(devices >= gpu)
            devices[open_[np.argmin(devices[open_])]] -= gpu


def one_after_the_other(batch: PodBatch, seed: int) -> Iterator[Step]:
    """Place pods by best fit in a random order, as the trace's schedulers do."""
    start = time.perf_counter()
    order = np.random.default_rng(seed).permutation(len(batch.pods))
    placement = best_fit(batch, order)
    yield Step(time.perf_counter() - start, placement)


def largest_first(batch: PodBatch) -> Iterator[Step]:
    """Place pods by best fit, those with most GPU first, then those with most CPU."""
    start = time.perf_counter()
    order = np.lexsort((-batch.pods[:, CPU], -batch.pods[:, GPU]))
    placement = best_fit(batch, order)
    yield Step(time.perf_counter() - start, placement)


def library(batch: PodBatch, limits: Limits) -> Iterator[Step]:
    """Place all pods as one batch."""
    yield from METHODS["solve_many"](batch.instance(), limits)


# The figures.


@dataclass(frozen=True)
class Row:
    """What a method placed at a load.

    Attributes
    ----------
    gpu, cpu : float
        Allocated, as a share of what all nodes have.
    gpu_bound : float or None
        The most that can be, as a method has proved.
    """

    load: float
    method: str
    pods: int
    pods_all: int
    gpu: float
    cpu: float
    seconds: float
    first: float
    gpu_bound: float | None = None


def measure(load: float, name: str, batch: PodBatch, steps: Iterator[Step]) -> Row:
    """Run a method, and sum up what it has placed."""
    found = list(steps)
    placed = batch.placed(found[-1].placement)
    taken = batch.pods[placed].sum(axis=0)
    total = batch.trace.capacity.sum(axis=0)
    bounds = [step.value_bound for step in found if step.value_bound is not None]
    return Row(
        load=load,
        method=name,
        pods=int(placed.sum()),
        pods_all=len(batch.pods),
        gpu=float(taken[GPU] / total[GPU]),
        cpu=float(taken[CPU] / total[CPU]),
        seconds=found[-1].seconds,
        first=found[0].seconds,
        gpu_bound=min(1.0, min(bounds) / total[GPU]) if bounds else None,
    )


def published(folder: Path | None = None) -> dict[str, float]:
    """Return the published share of GPUs that is allocated, by policy. Raises `DataMissing`."""
    path = (folder or data_folder()) / "alibaba_gpu2023" / PUBLISHED
    if not path.is_file():
        raise DataMissing(f"published ratios skipped: no {PUBLISHED} in alibaba_gpu2023")
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["workload"] == WORKLOAD]
    column = "mean_gpu_alloc_pct_at_100pct_arrived"
    return {row["policy"].partition("-")[2]: float(row[column]) / 100 for row in rows}


def table(rows: Sequence[Row], ratios: Mapping[str, float]) -> Table:
    """Return the figures, and the published ones below."""
    found = Table(title="GPU allocated, real pods on real nodes", padding=(0, 1, 0, 0))
    found.add_column("load", justify="right")
    found.add_column("method", no_wrap=True)
    for head in ("pods", "GPU", "bound", "CPU", "first s", "seconds"):
        found.add_column(head, justify="right")
    for row in rows:
        found.add_row(
            f"{row.load:.0%}",
            row.method,
            f"{row.pods:,}/{row.pods_all:,}",
            f"{row.gpu:.2%}",
            "" if row.gpu_bound is None else f"{row.gpu_bound:.2%}",
            f"{row.cpu:.2%}",
            f"{row.first:.2f}",
            f"{row.seconds:.2f}",
        )
    found.add_section()
    for policy, ratio in ratios.items():
        found.add_row("100%", f"{policy}, published", "", f"{ratio:.2%}")
    return found


def compare(trace: Trace, options: argparse.Namespace) -> Iterator[Row]:
    """Yield the figures of each method at each load."""
    limits = Limits(seconds=options.time_limit, workers=options.workers, seed=options.seed)
    for load in options.load:
        batch = pods_at(trace, load, options.seed)
        methods: dict[str, Iterator[Step]] = {
            "best fit, one after the other": one_after_the_other(batch, options.seed),
            "best fit, largest first": largest_first(batch),
            "groupsolver": library(batch, limits),
        }
        for name, steps in methods.items():
            yield measure(load, name, batch, steps)


def main(argv: Sequence[str] | None = None) -> int:
    """Place the pods at each load, print a table, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_batches", description=__doc__)
    parser.add_argument("--load", nargs="+", type=float, default=[1.0, 1.1, 1.2])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=120.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the figures")
    options = parser.parse_args(argv)
    # In a file, a table at the width of a terminal would lose digits.
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    try:
        trace, ratios = alibaba.read(), published()
    except DataMissing as error:
        console.print(str(error))
        return 0
    rows = list(compare(trace, options))
    console.print(table(rows, ratios))
    if options.json:
        figures: dict[str, Any] = {"machine": machine(), "published": ratios}
        figures["rows"] = [asdict(row) for row in rows]
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
