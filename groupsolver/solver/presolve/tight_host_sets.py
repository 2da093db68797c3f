"""Sets of groups that share a small set of hosts: where room is short, it is short for them first.

Source: Hall (1935), doi:10.1112/jlms/s1-10.37.26. If no assignment exists, some set of members has
too little room on all the hosts that any of them may use.

Example: A and B may use h1 and h2 alone, C any of ten hosts. Then {A, B} is such a set.
"""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.eligibility import open_hosts, suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Mask

MAX_HOST_SHARE = 0.5  # a set with more of the fleet's hosts than this is not tight


def tight_host_sets(compiled: CompiledProblem) -> list[frozenset[str]]:
    """Return, for each group, the groups all of whose hosts are hosts of that group.

    Only sets of several groups, not all, whose hosts are not most of the fleet.

    Returns
    -------
    list of frozenset of str
        Names of groups with new members; the fewest hosts first, then the fewest groups.
    """
    hosts_of = _hosts_by_group(compiled)
    max_hosts = MAX_HOST_SHARE * len(compiled.fleet.rows)
    host_count: dict[frozenset[str], int] = {}
    for mask in hosts_of.values():
        size = int(mask.sum())
        if size > max_hosts:
            continue
        inside = frozenset(group for group, other in hosts_of.items() if not (other & ~mask).any())
        if 1 < len(inside) < len(hosts_of):
            host_count[inside] = size
    return sorted(host_count, key=lambda groups: (host_count[groups], len(groups)))


def _hosts_by_group(compiled: CompiledProblem) -> dict[str, Mask]:
    """Return, by group, the hosts that can take some member of it: (H,) bool."""
    found: dict[str, Mask] = {}
    for member_class in compiled.member_classes:
        mask = compiled.fleet.slots(dict(member_class.size), 1) > 0
        mask &= open_hosts(compiled, member_class.group)
        for rule in rules_of(compiled.problem).over(member_class.group):
            if rule.policy.hard and isinstance(rule.policy, HostFilter):
                mask &= suits(compiled, rule.policy)
        before = found.get(member_class.group, np.zeros_like(mask))
        found[member_class.group] = before | mask
    return found
