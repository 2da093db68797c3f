"""Which hosts suit which groups: by policies that look at each host alone, and by reservations.

For the checker in plain values, over a `Problem`; for everything else in arrays, over a
`CompiledProblem`.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import HostFilter, admits, required_traits
from groupsolver.constraints.rules import rules_of
from groupsolver.model.application import Application
from groupsolver.model.compiled.arrays import Mask
from groupsolver.model.fleet import Host

A = TypeVar("A", bound=Application[Any])


def traits_required(problem: Problem, group: str) -> frozenset[str]:
    """Return the traits that policies declared hard require of the hosts of a group's own members.

    These are policies of the group and of those above it. Hosts that are reserved for some of
    these traits, and for no others, are open to the members.
    """

    def make() -> frozenset[str]:
        found = set(problem.app.required_elsewhere.get(group, ()))
        for rule in rules_of(problem).over(group):
            if rule.policy.declared_hard:
                found.update(required_traits(rule.policy))
        return frozenset(found)

    return problem.once(("traits required", group), make)


def open_to_members(problem: Problem, group: str, host: Host) -> bool:
    """Return whether a group's own new members may land on a host as far as it is reserved."""
    return not host.reserved_for or traits_required(problem, group).issuperset(host.reserved_for)


def _open_to_some(problem: Problem, group: str, host: Host) -> bool:
    """Return the same for some group below a group, itself included."""
    if not host.reserved_for:
        return True
    return any(traits.issuperset(host.reserved_for) for traits in _trait_sets(problem, group))


def _trait_sets(problem: Problem, group: str) -> frozenset[frozenset[str]]:
    """Return what is required of the members of each group below a group, without repetition."""
    return problem.once(
        ("trait sets", group),
        lambda: frozenset(traits_required(problem, one) for one in problem.below[group]),
    )


def with_traits_required(problem: Problem, part: A) -> A:
    """Return a part of a problem's application that lacks policies, with hosts open as before.

    Without a policy that requires a trait, hosts that are reserved for it would be closed: to
    leave a policy out would forbid more. So the part keeps in mind what was required.
    """
    if not problem.hosts.reserved_for:
        return part
    traits = {group: traits_required(problem, group) for group in problem.groups}
    return part.requiring({group: some for group, some in traits.items() if some})


def eligible(problem: Problem, group: str, host: Host) -> bool:
    """Return whether a host is enabled, and suits a group by its policies declared hard.

    A reserved host suits only where some member below the group may land there.
    """
    if not host.enabled or not _open_to_some(problem, group, host):
        return False
    return all(
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


def open_hosts(compiled: CompiledProblem, group: str) -> Mask:
    """Return the hosts that are not reserved for others than a group's own members, (H,) bool."""
    traits = traits_required(compiled.problem, group)
    return compiled.once(("open hosts", traits), lambda: compiled.fleet.open_to(traits))


def suited(compiled: CompiledProblem, group: str) -> Mask:
    """Return the hosts that meet the per-host policies declared hard over a group, (H,) bool.

    A reserved host suits only where some member below the group may land there.
    """

    def make() -> Mask:
        mask = np.ones(compiled.fleet.row_count, dtype=np.bool_)
        if compiled.problem.hosts.reserved_for:
            sets = _trait_sets(compiled.problem, group)
            mask = np.logical_or.reduce([compiled.fleet.open_to(traits) for traits in sets])
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
