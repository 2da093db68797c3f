"""Place whole applications: groups of instances and the policies that relate them, with a proof.

>>> from groupsolver import Application, Fleet, solve
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groupsolver.checking.check import Verdict, Violation, check
from groupsolver.checking.reasons import Why, why
from groupsolver.cluster.claim import Contended
from groupsolver.cluster.cluster import Cluster
from groupsolver.cluster.cluster_snapshot import ClusterSnapshot, UnknownApplication
from groupsolver.cluster.members import ClusterMember
from groupsolver.cluster.usage import Usage
from groupsolver.constraints.batch_document import BatchDocument, BatchedApplication
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.apart_from import ApartFrom
from groupsolver.constraints.policies.bandwidth import Bandwidth
from groupsolver.constraints.policies.exclusive import Exclusive
from groupsolver.constraints.policies.host_capabilities import HostCapabilities
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.policies.spread import Spread
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.policies.within import Outside, Within
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import POLICIES, Application, Group
from groupsolver.errors import (
    BadInput,
    BrokenAnswer,
    Fault,
    GroupsolverError,
    UnknownHost,
    UnknownSolverStatus,
)
from groupsolver.files import (
    load_application,
    load_batch,
    load_columns,
    load_fleet,
    load_result,
)
from groupsolver.files.graphml import load_links, with_links
from groupsolver.model.answers.batch import BatchEntry, BatchResult
from groupsolver.model.answers.headroom import Bottleneck, Headroom, MarginalHost
from groupsolver.model.answers.survival import Survival
from groupsolver.model.application import Existing, Flavor, Members
from groupsolver.model.change_costs import Costs
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet, Host, Link
from groupsolver.model.generators import fat_tree, leaf_spine
from groupsolver.model.inventory import Inventory
from groupsolver.model.network.networkx_export import topology
from groupsolver.model.notebook import register_drawing
from groupsolver.model.numa_cell import Cell
from groupsolver.model.pools.pool import Pool
from groupsolver.model.result import Conflict, Explanation, Limits, Penalty, Progress, Result


def _draw(app: Any, fleet: Any, result: Any, objective: Any) -> str:
    # Pictures are loaded with the first one that is drawn.
    from groupsolver.picture import picture

    return picture(app, fleet, result, objective=objective)


register_drawing(_draw)

if TYPE_CHECKING:
    from groupsolver.solver.asynchronous import solve_async
    from groupsolver.solver.batch.pipeline import solve_many
    from groupsolver.solver.headroom.pipeline import headroom
    from groupsolver.solver.pipeline import explain, solve
    from groupsolver.solver.survivability.query import survives

__version__ = "0.2.0"

__all__ = [
    "POLICIES",
    "Affinity",
    "AntiAffinity",
    "ApartFrom",
    "Application",
    "BadInput",
    "Bandwidth",
    "BatchDocument",
    "BatchEntry",
    "BatchResult",
    "BatchedApplication",
    "Bottleneck",
    "BrokenAnswer",
    "Cell",
    "Cluster",
    "ClusterMember",
    "ClusterSnapshot",
    "CompiledFleet",
    "Conflict",
    "Contended",
    "Costs",
    "Exclusive",
    "Existing",
    "Explanation",
    "Fault",
    "Flavor",
    "Fleet",
    "Group",
    "GroupsolverError",
    "Headroom",
    "Host",
    "HostCapabilities",
    "Inventory",
    "Limits",
    "Link",
    "MarginalHost",
    "Members",
    "Near",
    "NetworkProximity",
    "Outside",
    "Penalty",
    "Policy",
    "Pool",
    "Progress",
    "Result",
    "Spread",
    "Survival",
    "Survives",
    "UnknownApplication",
    "UnknownHost",
    "UnknownSolverStatus",
    "Usage",
    "Verdict",
    "Violation",
    "Why",
    "Within",
    "check",
    "compile_fleet",
    "explain",
    "fat_tree",
    "headroom",
    "leaf_spine",
    "load_application",
    "load_batch",
    "load_columns",
    "load_fleet",
    "load_links",
    "load_result",
    "solve",
    "solve_async",
    "solve_many",
    "survives",
    "topology",
    "why",
    "with_links",
]


def __getattr__(name: str) -> Any:
    # The solver loads ortools, which takes a second: only when one of its functions is used.
    if name in {"solve", "explain"}:
        from groupsolver.solver import pipeline

        return getattr(pipeline, name)
    if name == "solve_async":
        from groupsolver.solver.asynchronous import solve_async

        return solve_async
    if name == "solve_many":
        from groupsolver.solver.batch.pipeline import solve_many

        return solve_many
    if name == "survives":
        from groupsolver.solver.survivability.query import survives

        return survives
    if name == "headroom":
        from groupsolver.solver.headroom.pipeline import headroom

        return headroom
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
