"""Groups that have only each other's hosts: where room is short, it is short for them first.

Source: Hall (1935), doi:10.1112/jlms/s1-10.37.26: what must share too little is a set whose choices lie
within a small set.
"""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.eligibility import suits
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.compiled_fleet import Mask

LARGE = 0.5  # of the hosts: who may stand on more is in no crowd


def crowds(compiled: CompiledProblem) -> list[frozenset[str]]:
    """Give, for each group with new members, the groups all of whose hosts are hosts of its own: smallest first.

    Only where these are more than one, not all, and their hosts not most of the fleet.
    """
    open_: dict[str, Mask] = {}
    for member_class in compiled.member_classes:
        mask = compiled.fleet.slots(dict(member_class.size), 1) > 0
        for rule in rules_of(compiled.problem).over(member_class.group):
            if rule.policy.hard and isinstance(rule.policy, HostFilter):
                mask &= suits(compiled, rule.policy)
        open_[member_class.group] = open_.get(member_class.group, np.zeros_like(mask)) | mask
    found: dict[frozenset[str], int] = {}
    for seed, mask in open_.items():
        size = int(mask.sum())
        if size <= LARGE * len(compiled.fleet.rows):
            inside = frozenset(group for group, other in open_.items() if not (other & ~mask).any())
            if 1 < len(inside) < len(open_) and seed in inside:
                found[inside] = size
    return sorted(found, key=lambda groups: (found[groups], len(groups)))
