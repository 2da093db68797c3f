"""Place whole applications: groups of instances and the policies that relate them, solved with a proof.

>>> from groupsolver import Application, Fleet, solve
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from groupsolver.check import Verdict, Violation, check
from groupsolver.constraints import POLICIES, Application, Group
from groupsolver.constraints.affinity import Affinity
from groupsolver.constraints.anti_affinity import AntiAffinity
from groupsolver.constraints.apart_from import ApartFrom
from groupsolver.constraints.bandwidth import Bandwidth
from groupsolver.constraints.exclusive import Exclusive
from groupsolver.constraints.host_capabilities import HostCapabilities
from groupsolver.constraints.near import Near
from groupsolver.constraints.network_proximity import NetworkProximity
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.spread import Spread
from groupsolver.constraints.survives import Survives
from groupsolver.constraints.within import Outside, Within
from groupsolver.errors import BadInput, BrokenAnswer, Fault, GroupsolverError, UnknownHost, UnknownSolverStatus
from groupsolver.files import load_application, load_fleet, load_result
from groupsolver.files.graphml import load_links, with_links
from groupsolver.model.application import Existing, Flavor, Members
from groupsolver.model.builders import fat_tree, leaf_spine
from groupsolver.model.cell import Cell
from groupsolver.model.compiled import CompiledFleet, compile_fleet
from groupsolver.model.costs import Costs
from groupsolver.model.fleet import Fleet, Host, Link
from groupsolver.model.headroom import Headroom, Scarce, Unlock
from groupsolver.model.inventory import Inventory
from groupsolver.model.result import Conflict, Explanation, Limits, Penalty, Progress, Result
from groupsolver.model.survival import Survival
from groupsolver.model.topology import topology
from groupsolver.why import Why, why

if TYPE_CHECKING:
    from groupsolver.solver.headroom import headroom
    from groupsolver.solver.question import survives
    from groupsolver.solver.solve import explain, solve

__version__ = "0.1.0"

__all__ = [
    "POLICIES",
    "Affinity",
    "AntiAffinity",
    "ApartFrom",
    "Application",
    "BadInput",
    "Bandwidth",
    "BrokenAnswer",
    "Cell",
    "CompiledFleet",
    "Conflict",
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
    "Members",
    "Near",
    "NetworkProximity",
    "Outside",
    "Penalty",
    "Policy",
    "Progress",
    "Result",
    "Scarce",
    "Spread",
    "Survival",
    "Survives",
    "UnknownHost",
    "UnknownSolverStatus",
    "Unlock",
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
    "load_fleet",
    "load_links",
    "load_result",
    "solve",
    "survives",
    "topology",
    "why",
    "with_links",
]


def __getattr__(name: str) -> Any:
    # The solver brings ortools, which takes a second to import: load it when it is first asked for.
    if name in {"solve", "explain"}:
        from groupsolver.solver import solve as solver

        return getattr(solver, name)
    if name == "survives":
        from groupsolver.solver.question import survives

        return survives
    if name == "headroom":
        from groupsolver.solver.headroom import headroom

        return headroom
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
