"""Seeded applications of ten groups with one conflict planted, for `explain` to find.

The conflict has one to five rules.

Each is a possible application, one or a few of whose groups were exchanged for groups that
contradict each other; how, and the arithmetic, stands in the docstring of each way
(`benchmarks/ways/`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.contradictions import counts, groups, links, room
from benchmarks.contradictions.plot import Draft, Plot, Way
from benchmarks.support.applications import FLAVORS, application, compiled
from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Fleet

MEMBERS = "members"
RuleAtom = tuple[str, str] | str  # (group, kind of policy), (group, "members"), or a resource class

WAYS: dict[str, Way] = {**counts.WAYS, **room.WAYS, **links.WAYS, **groups.WAYS}


@dataclass(frozen=True)
class Planted:
    """An application without a placement, and why.

    Attributes
    ----------
    app : Application
    way : str
        One of `WAYS`.
    rules : frozenset
        What contradicts itself, and no part of it does: ``(group, kind)`` of policies, ``(group,
        "members")`` of sizes, names of resource classes. No group has two hard policies of a kind
        that takes part.
    """

    app: Application
    way: str
    rules: frozenset[RuleAtom]

    @property
    def policies(self) -> int:
        """How many policies take part."""
        return sum(1 for atom in self.rules if not isinstance(atom, str) and atom[1] != MEMBERS)


def planted(fleet: Fleet | CompiledFleet, seed: int, way: str | None = None) -> Planted:
    """Draw an application with a conflict.

    The fleet is one that `benchmarks.contradictions.plot.varied` draws.

    Parameters
    ----------
    fleet : Fleet or CompiledFleet
    seed : int
    way : str, optional
        One of `WAYS`; by default they take turns with the seed.
    """
    arrays = compiled(fleet)
    way = way or list(WAYS)[seed % len(WAYS)]
    rng = np.random.default_rng([seed, len(arrays), 2])
    draft = WAYS[way](Plot(arrays, rng))
    with_members = sum(1 for group in draft.groups if group.members)
    rest = application(arrays, seed).groups[with_members:]
    # Among the others, each where chance puts it: the order gives no hint.
    mixed = [*draft.groups, *rest]
    order = rng.permutation(len(mixed)).tolist()
    app = Application(
        name=way, flavors=FLAVORS, groups=tuple(mixed[i] for i in order), existing=draft.existing
    )
    return Planted(app, way, _rules(draft))


def _rules(draft: Draft) -> frozenset[RuleAtom]:
    policies = {(group.name, policy.kind) for group in draft.groups for policy in group.policies}
    sizes = {(group.name, MEMBERS) for group in draft.groups if group.members}
    return frozenset({*policies, *sizes, *draft.room})
