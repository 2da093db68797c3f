"""Which hosts suit which groups, by policies that look at each host alone.

For the checker in plain values, over a `Problem`; for everything else in arrays, over a
`CompiledProblem`.
"""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import HostFilter, admits
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.fleet import Host


def eligible(problem: Problem, group: str, host: Host) -> bool:
    """Return whether a host is enabled, and suits a group by its policies declared hard."""
    return host.enabled and all(
        admits(rule.policy, host)
        for rule in rules_of(problem).over(group)
        if rule.policy.declared_hard
    )


def open_domains(problem: Problem, group: str, level: str) -> frozenset[str]:
    """Return the domains of a level with a host that is eligible for a group, looked for once."""

    def make() -> frozenset[str]:
        hosts = problem.hosts
        return frozenset(
            name
            for name in hosts.domains(level)
            if any(eligible(problem, group, host) for host in hosts.hosts_in(level, name))
        )

    return problem.once(("open domains", group, level), make)


def suits(compiled: CompiledProblem, policy: HostFilter) -> Mask:
    """Return the hosts that suit a per-host policy, (H,) bool."""
    return compiled.once(("suits", id(policy)), lambda: policy.mask(compiled.fleet))


def suited(compiled: CompiledProblem, group: str) -> Mask:
    """Return the hosts that meet the per-host policies declared hard over a group, (H,) bool."""

    def make() -> Mask:
        mask = np.ones(len(compiled.fleet), dtype=np.bool_)
        for rule in rules_of(compiled.problem).over(group):
            policy: Policy = rule.policy
            if policy.declared_hard and isinstance(policy, HostFilter):
                mask &= suits(compiled, policy)
        return mask

    return compiled.once(("suited", group), make)


def occupiable_domains(compiled: CompiledProblem, group: str, level: str) -> Mask:
    """Return the domains with an eligible host, or with running members of a group, (D,) bool."""

    def make() -> Mask:
        counted = compiled.running(group, level) > 0
        codes = compiled.fleet.codes(level)[compiled.fleet.enabled & suited(compiled, group)]
        counted[codes[codes >= 0]] = True
        return counted

    return compiled.once(("occupiable domains", group, level), make)
