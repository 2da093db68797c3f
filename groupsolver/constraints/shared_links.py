"""The links, for the checker: what all hard bandwidth policies together add. Plain Python, without arrays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from groupsolver.constraints.bandwidth import Bandwidth
from groupsolver.constraints.view import View
from groupsolver.model.cuts import Domain


def overloads(view: View) -> Iterator[tuple[str, int]]:
    """Give what is wrong, in words, and by how many Mbit/s."""
    added: Counter[Domain] = Counter()
    for rule in view.scene.hard():
        if isinstance(rule.policy, Bandwidth) and rule.policy.told_hard:
            added.update(rule.policy.grown(rule.group, view))
    for (level, name), mbps in sorted(added.items()):
        free = view.scene.hosts.free_mbps(level, name)
        if free is not None and mbps > free:
            sentence = f"the links that leave {level} {name} have {free} Mbit/s free; what is placed adds {mbps}"
            yield sentence, mbps - free
