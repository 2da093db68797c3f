"""Real nodes and pods: the Alibaba GPU cluster trace of 2023, 1,523 nodes and 8,152 pods.

Read from a folder that is not part of this repository (`data_folder` says where). Nodes
become hosts with CPU, memory and GPU; pods give the shapes of members, and load the nodes.

What this leaves out: a node's GPU share is one sum, ``CUSTOM_GPU_MILLI``, 1,000 a device. A
pod of 600 thousandths would fit a node with 300 free on each of two devices, which it does
not in truth: fragmentation per device is not seen, nor which devices share a fast link. The
trace has no topology either: nodes are dealt to racks of 40 and three zones as they are
listed. And it has no groups: ten of ten similar pods each are drawn, with policies such as
services and training jobs carry.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.support.applications import planted
from benchmarks.support.fleets import RACK
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import Application, Group
from groupsolver.model.application import Members
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.inventory import Inventory

VARIABLE = "GROUPSOLVER_DATA"
_NODES, _PODS = "openb_node_list_all_node.csv", "openb_pod_list_default.csv"
CLASSES = ("CUSTOM_CPU_MILLI", "MEMORY_MB", "CUSTOM_GPU_MILLI")


class DataMissing(Exception):
    """The trace is not there; the message says where it was looked for."""


@dataclass(frozen=True)
class Trace:
    """The trace as it is listed.

    Attributes
    ----------
    capacity : (N, 3) int64
        Of each node: CPU in thousandths, memory in MiB, GPU in thousandths.
    models : tuple of str
        GPU model of each node, empty for none.
    pods : (P, 3) int64
        What each pod takes of the same.
    """

    capacity: np.ndarray[tuple[int, int], np.dtype[np.int64]]
    models: tuple[str, ...]
    pods: np.ndarray[tuple[int, int], np.dtype[np.int64]]


def data_folder() -> Path:
    """Return the folder of data sets.

    It is ``GROUPSOLVER_DATA`` of the environment, or one beside the checkout.
    """
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get(VARIABLE) or default)


def read(folder: Path | None = None) -> Trace:
    """Read the trace. Raises `DataMissing`."""
    where = (folder or data_folder()) / "alibaba_gpu2023"
    missing = [name for name in (_NODES, _PODS) if not (where / name).is_file()]
    if missing:
        places = f"set {VARIABLE} to the folder that holds alibaba_gpu2023"
        raise DataMissing(
            f"real nodes skipped: no {', '.join(missing)} in alibaba_gpu2023; {places}"
        )
    with (where / _NODES).open(newline="") as file:
        nodes = list(csv.DictReader(file))
    with (where / _PODS).open(newline="") as file:
        pods = list(csv.DictReader(file))
    capacity = [(int(n["cpu_milli"]), int(n["memory_mib"]), 1000 * int(n["gpu"])) for n in nodes]
    shapes = [
        (int(p["cpu_milli"]), int(p["memory_mib"]), int(p["num_gpu"]) * int(p["gpu_milli"]))
        for p in pods
    ]
    return Trace(np.array(capacity), tuple(node["model"] for node in nodes), np.array(shapes))


def fleet(trace: Trace, seed: int, load: float = 0.6) -> Fleet:
    """Make a fleet of the nodes, loaded by real pods in a random order.

    Each goes to the node in use that has least GPU free, else to any idle one, as the trace's
    own schedulers pack. Pods arrive until that share of all CPU, memory or GPU is taken,
    whichever comes first.
    """
    rng = np.random.default_rng([seed, len(trace.capacity)])
    free = trace.capacity.copy()
    total = trace.capacity.sum(axis=0)
    taken = np.zeros(3, dtype=np.int64)
    for pod in trace.pods[rng.permutation(len(trace.pods))]:
        if (taken >= load * total).any():
            break
        open_ = np.flatnonzero((free >= pod).all(axis=1))
        if len(open_):
            idle = (free[open_] == trace.capacity[open_]).all(axis=1)
            left = np.where(idle, trace.capacity[:, 2].max() + 1, free[open_, 2])
            free[rng.choice(open_[left == left.min()])] -= pod
            taken += pod
    used = trace.capacity - free
    hosts = []
    for i, model in enumerate(trace.models):
        rack = i // RACK
        hosts.append(
            Host(
                name=f"node-{i:04d}",
                domains={"zone": f"z{rack % 3 + 1}", "rack": f"r{rack:03d}"},
                inventory={
                    c: Inventory(total=n)
                    for c, n in zip(CLASSES, trace.capacity[i].tolist(), strict=True)
                    if n
                },
                used={c: n for c, n in zip(CLASSES, used[i].tolist(), strict=True) if n},
                traits=(f"CUSTOM_GPU_{model}",) if model else (),
                cost=1
                + int(trace.capacity[i, 2])
                // 1000,  # keep machines with many GPUs for those who need them
            )
        )
    return Fleet(levels=("zone", "rack"), hosts=tuple(hosts))


def application(trace: Trace, fleet: CompiledFleet, seed: int) -> Application:
    """Draw ten groups of ten real shapes each, 100 in all, so that a placement exists.

    Three services without GPU, four that share one, two trainings of whole GPUs in one rack,
    one job of several GPUs a member.
    """
    gpu = trace.pods[:, 2]
    none, share = trace.pods[gpu == 0], trace.pods[(gpu > 0) & (gpu < 1000)]
    whole, many = trace.pods[gpu == 1000], trace.pods[gpu > 1000]
    apart, spread = AntiAffinity(), Spread(level="zone", min_domains=3)
    rack = NetworkProximity(level="rack")
    modern = HostCapabilities(any_of=("CUSTOM_GPU_G2", "CUSTOM_GPU_G3", "CUSTOM_GPU_V100M32"))
    kinds: list[tuple[str, np.ndarray[tuple[int, int], np.dtype[np.int64]], tuple[Policy, ...]]] = [
        ("front", none, (apart, spread)),
        (
            "feature-store",
            none,
            (AntiAffinity(level="rack", max_per_domain=2), Near(group="ranking", level="zone")),
        ),
        ("etl", none, (rack, AntiAffinity(max_per_domain=3))),
        ("ranking", share, (apart, spread)),
        ("search", share, (AntiAffinity(level="rack"),)),
        ("speech", share, (AntiAffinity(max_per_domain=2), Near(group="front", level="zone"))),
        ("vision", share, (apart, HostCapabilities(required=("CUSTOM_GPU_T4",)))),
        ("train-a", whole, (rack, modern)),
        (
            "train-b",
            whole,
            (rack, AntiAffinity(max_per_domain=4), ApartFrom(group="train-a", level="rack")),
        ),
        ("train-c", many, (AntiAffinity(max_per_domain=2), modern)),
    ]

    def draw(rng: np.random.Generator) -> Application:
        return Application(
            name="real-nodes",
            groups=tuple(
                Group(name=name, policies=rules, members=_shapes(pods, rng))
                for name, pods, rules in kinds
            ),
        )

    return planted(fleet, seed, draw, tries=200)


def _shapes(
    pods: np.ndarray[tuple[int, int], np.dtype[np.int64]], rng: np.random.Generator
) -> tuple[Members, ...]:
    return shapes_of(rng.choice(pods, size=10))


def shapes_of(pods: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> tuple[Members, ...]:
    """Return pods as members: those of one shape together."""
    shapes, counts = np.unique(pods, axis=0, return_counts=True)
    return tuple(
        Members(resources={c: n for c, n in zip(CLASSES, shape, strict=True) if n}, count=count)
        for shape, count in zip(shapes.tolist(), counts.tolist(), strict=True)
    )
