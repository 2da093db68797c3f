"""Groups that only their names tell apart: found, taken as one, and told apart again in the answer.

Where k groups have the same members, policies and parents, are named by nobody, and each has to
stand in one domain, any placement stays one if they change places. A model that names them has
k! copies of each placement. Taken as one group, whose members come in k chunks, they have one.

Source: interchangeable objects, Freuder (1991), AAAI-91; counting instead of naming, Gent, Petrie
& Puget, *Symmetry in constraint programming* (2006), doi:10.1016/S1574-6526(06)80014-3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policy import PerHost
from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.constraints.problem.problem import Rule, Scene
from groupsolver.model.application import Group
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import Inside
from groupsolver.solver.presolve.group_chunks import Chunks

Stand = tuple[int, int]  # a member of a lot, on a row of the fleet
MANY = 64  # chunks of one group: their costs are looked at one by one


@dataclass(frozen=True)
class Twins:
    """A ground with interchangeable groups taken as one, and the way there and back.

    Attributes
    ----------
    ground : Ground
        What is solved.
    told : Ground
        What was told.
    """

    ground: Ground
    told: Ground
    lots: tuple[tuple[int, ...], ...]  # by lot of `ground`: the lots of `told` in it

    def into(self, stands: list[Stand] | None) -> list[Stand] | None:
        """Take members of the groups that were told as members of the one."""
        whole = {old: new for new, olds in enumerate(self.lots) for old in olds}
        return None if stands is None else [(whole[lot], row) for lot, row in stands]

    def cells(self, inside: Inside, stands: list[Stand]) -> Inside:
        """Deal the cells of each host out to members that were dealt out to the groups that were told.

        The lots of one merged lot are of one size, so any way will do.
        """
        there = Counter(stands)
        found: Inside = {}
        for (lot, row), counts in inside.items():
            places = iter([cell for cell, number in enumerate(counts) for _ in range(number)])
            for old in self.lots[lot]:
                if number := there[old, row]:
                    dealt = found[old, row] = [0] * len(counts)
                    for _ in range(number):
                        dealt[next(places)] += 1
        return found

    def out(self, stands: list[Stand]) -> list[Stand]:
        """Deal chunks out to the groups that were told."""
        rules = {rule.group: rule.policy for rule in self.ground.scene.rules if isinstance(rule.policy, Chunks)}
        found: list[Stand] = []
        by_lot: dict[int, list[int]] = {}
        for lot, row in stands:
            by_lot.setdefault(lot, []).append(row)
        for lot, rows in sorted(by_lot.items()):
            olds, chunks = self.lots[lot], rules.get(self.ground.lots[lot].group)
            if chunks is None or len(olds) == 1:
                found += [(olds[0], row) for row in sorted(rows)]
                continue
            codes = self.ground.fleet.codes(chunks.inner)
            share = len(rows) // len(olds)
            groups = iter(olds)
            # One domain after another, in the same order for each lot of the group.
            for code in sorted({int(codes[row]) for row in rows}):
                here = sorted(row for row in rows if codes[row] == code)
                count = len(here) // share
                # Dealt round, so that members of one chunk share a host as little as can be.
                for chunk in range(count):
                    group = next(groups)
                    found += [(group, row) for row in here[chunk::count]]
        return sorted(found)


def twins(told: Ground) -> Twins:
    """Take interchangeable groups as one."""
    scene = told.scene
    sets = [names for names in _alike(scene) if _interchangeable(told, names)]
    if not sets:
        return Twins(told, told, tuple((lot,) for lot in range(len(told.lots))))
    first = {name: names[0] for names in sets for name in names}
    size = {names[0]: len(names) for names in sets}
    groups = [
        _one(told, group, first, size) for group in scene.app.groups if first.get(group.name) in (None, group.name)
    ]
    ground = Ground(Scene(scene.app.model_copy(update={"groups": tuple(groups)}), scene.hosts), told.fleet)
    at = {(lot.group, lot.size): number for number, lot in enumerate(ground.lots)}
    lots: list[list[int]] = [[] for _ in ground.lots]
    for number, lot in enumerate(told.lots):
        lots[at[first.get(lot.group, lot.group), lot.size]].append(number)
    return Twins(ground, told, tuple(map(tuple, lots)))


def shape(scene: Scene, name: str) -> object:
    """Give what tells a group from others, its name and those below it aside.

    Groups of one shape may change places: they are named by nobody, and have nothing running.
    """
    group = scene.app.groups[scene.groups.index(name)]
    below = scene.below[name]
    if scene.running(name) or any(rule.policy.target in below for rule in scene.rules):
        return name
    sizes = tuple((tuple(sorted(scene.app.resources(one).items())), one.count) for one in group.members)
    told = tuple(sorted(policy.model_dump_json() for policy in group.policies))
    parents = tuple(other.name for other in scene.app.groups if name in other.groups)
    return sizes, told, parents, group.tenant_id, tuple(sorted(str(_inner(scene, child)) for child in group.groups))


def _inner(scene: Scene, name: str) -> object:
    """Give the shape of a group that stands below one group alone."""
    found = shape(scene, name)
    if not isinstance(found, tuple) or len(found[2]) > 1:
        return name
    sizes, told, _, tenant, children = found
    return sizes, told, tenant, children


def _alike(scene: Scene) -> Iterator[list[str]]:
    """Give sets of groups of one shape, with members and nothing below."""
    alike: dict[object, list[str]] = {}
    for group in scene.app.groups:
        if group.members and not group.groups:
            alike.setdefault(shape(scene, group.name), []).append(group.name)
    return (names for names in alike.values() if 1 < len(names) <= MANY)


def _interchangeable(told: Ground, names: list[str]) -> bool:
    """Whether groups that are alike may be told apart at the very end: by rules of their own, and of all others."""
    scene, mine = told.scene, set(names)
    own = [rule for rule in scene.rules if rule.group == names[0]]
    if sum(_binds(told, rule) for rule in own) != 1 or not all(_simple(told, rule) for rule in own):
        return False
    # Dealt out lot by lot, members of several sizes might meet on a host more often than one chunk may have them.
    sizes = {member.size for member in scene.batch if member.group == names[0]}
    if len(sizes) > 1 and any(_per_host(rule) for rule in own):
        return False
    for rule in scene.rules:
        if rule.policy.target in mine or (
            getattr(rule.policy, "between", None) and mine & set(scene.children[rule.group])
        ):
            return False
    return True


def _binds(told: Ground, rule: Rule) -> bool:
    return rule.policy.hard and rule.policy.binds_on(told.fleet) and told.level(rule) != HOST


def _simple(told: Ground, rule: Rule) -> bool:
    return _binds(told, rule) or isinstance(rule.policy, PerHost) or _per_host(rule) is not None


def _per_host(rule: Rule) -> int | None:
    """Give how many members of a group may share a host, where that is all that a rule says."""
    policy = rule.policy
    here = isinstance(policy, AntiAffinity) and policy.hard and policy.level == HOST and not policy.between
    return policy.max_per_domain if here and isinstance(policy, AntiAffinity) else None


def _one(told: Ground, group: Group[Any], first: dict[str, str], size: dict[str, int]) -> Group[Any]:
    """Give a group of the merged application: its children without twins; and where it stands for some, all theirs."""
    children = tuple(child for child in group.groups if first.get(child, child) == child)
    if group.name not in size:
        return group.model_copy(update={"groups": children})
    rules = [rule for rule in told.scene.rules if rule.group == group.name]
    inner = next(str(told.level(rule)) for rule in rules if _binds(told, rule))
    per_host = min((most for rule in rules if (most := _per_host(rule)) is not None), default=None)
    chunks = Chunks(number=size[group.name], inner=inner, per_host=per_host)
    kept = tuple(rule.policy for rule in rules if isinstance(rule.policy, PerHost))
    members = tuple(one.model_copy(update={"count": one.count * size[group.name], "id": None}) for one in group.members)
    return group.model_copy(update={"policies": (*kept, chunks), "members": members})
