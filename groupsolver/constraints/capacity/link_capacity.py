"""The links, for the checker: what all policies that load links add.

Plain Python, without arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.network import LinkLoad
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.value import Domain


def overloads(view: View) -> Iterator[tuple[str, int]]:
    """Yield which links a placement overloads, in words, and by how many Mbit/s."""
    return overloaded(view.problem.hosts, added_to(view))


def added_to(view: View) -> Counter[Domain]:
    """Return how many Mbit/s new members add on the links that leave each domain."""
    added: Counter[Domain] = Counter()
    for rule in rules_of(view.problem).hard:
        if isinstance(rule.policy, LinkLoad) and rule.policy.declared_hard:
            added.update(rule.policy.grown(rule.group, view))
    return added


def overloaded(hosts: HostIndex, added: Counter[Domain]) -> Iterator[tuple[str, int]]:
    """Yield which links are overloaded by so many Mbit/s more: a sentence, and by how many."""
    for (level, name), mbps in sorted(added.items()):
        free = hosts.free_mbps(level, name)
        if free is not None and mbps > free:
            sentence = (
                f"the links that leave {level} {name} have {free} Mbit/s free; "
                f"what is placed adds {mbps}"
            )
            yield sentence, mbps - free
