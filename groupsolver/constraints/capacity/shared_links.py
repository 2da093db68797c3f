"""The links over arrays: which of them hard policies could overload together."""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.cp_model import traffic
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST


def link_loads(compiled: CompiledProblem) -> list[tuple[str, LinkLoad]]:
    """Return the hard policies that share what is free of the links, with their groups."""
    return [
        (rule.group, rule.policy)
        for rule in rules_of(compiled.problem).all
        if isinstance(rule.policy, LinkLoad) and rule.policy.declared_hard
    ]


def peak_load(compiled: CompiledProblem, group: str, policy: LinkLoad, level: str) -> Ints:
    """Return by how many Mbit/s a policy's need of each domain may grow at most, (D,) int64."""
    flow = policy.flow(group)
    members = traffic.most(compiled, flow, level) - traffic.before(compiled, flow, level)
    return members * policy.rate


def overloadable_links(compiled: CompiledProblem) -> dict[str, Mask]:
    """Return by level the domains whose links all these policies together can overload.

    (D,) bool.
    """

    def make() -> dict[str, Mask]:
        loads = link_loads(compiled)
        found: dict[str, Mask] = {}
        for level in (*compiled.fleet.levels, HOST) if loads else ():
            cut = compiled.fleet.cut(level)
            peak = np.zeros(len(cut.free), dtype=np.int64)
            for group, policy in loads:
                peak += peak_load(compiled, group, policy, level)
            found[level] = cut.bounded & (peak > cut.free)
        return {level: which for level, which in found.items() if which.any()}

    return compiled.once("overloadable links", make)
