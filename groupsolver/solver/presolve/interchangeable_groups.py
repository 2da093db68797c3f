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

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.host_filters import HostFilter
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.presolve import limit_per_domain
from groupsolver.constraints.protocols.relaxation import keeps_together
from groupsolver.constraints.protocols.scope import counts_child_groups
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.application import Group
from groupsolver.model.value import HOST
from groupsolver.solver.exact.numa import Inside
from groupsolver.solver.presolve.group_chunks import Chunks, chunks_of

Stand = tuple[int, int]  # a member of a member class, on a row of the fleet
MAX_CHUNKS = 64  # chunks of one group: their costs are looked at one by one


@dataclass(frozen=True)
class Twins:
    """A compiled problem with interchangeable groups taken as one, and the way there and back.

    Attributes
    ----------
    compiled problem : CompiledProblem
        What is solved.
    told : CompiledProblem
        What was told.
    """

    compiled: CompiledProblem
    told: CompiledProblem
    member_classes: tuple[
        tuple[int, ...], ...
    ]  # by member class of `compiled problem`: the member classes of `told` in it

    def into(self, stands: list[Stand] | None) -> list[Stand] | None:
        """Take members of the groups that were told as members of the one."""
        whole = {old: new for new, olds in enumerate(self.member_classes) for old in olds}
        return (
            None if stands is None else [(whole[member_class], row) for member_class, row in stands]
        )

    def cells(self, inside: Inside, stands: list[Stand]) -> Inside:
        """Deal the cells of each host out to members that were dealt out to the groups that were told.

        The member classes of one merged member class are of one size, so any way will do.
        """
        there = Counter(stands)
        found: Inside = {}
        for (member_class, row), counts in inside.items():
            places = iter([cell for cell, number in enumerate(counts) for _ in range(number)])
            for old in self.member_classes[member_class]:
                if number := there[old, row]:
                    dealt = found[old, row] = [0] * len(counts)
                    for _ in range(number):
                        dealt[next(places)] += 1
        return found

    def out(self, stands: list[Stand]) -> list[Stand]:
        """Deal chunks out to the groups that were told."""
        rules = chunks_of(self.compiled.problem)
        found: list[Stand] = []
        by_lot: dict[int, list[int]] = {}
        for member_class, row in stands:
            by_lot.setdefault(member_class, []).append(row)
        for member_class, rows in sorted(by_lot.items()):
            olds, chunks = (
                self.member_classes[member_class],
                rules.get(self.compiled.member_classes[member_class].group),
            )
            if chunks is None or len(olds) == 1:
                found += [(olds[0], row) for row in sorted(rows)]
                continue
            codes = self.compiled.fleet.codes(chunks.inner)
            share = len(rows) // len(olds)
            groups = iter(olds)
            # One domain after another, in the same order for each member class of the group.
            for code in sorted({int(codes[row]) for row in rows}):
                here = sorted(row for row in rows if codes[row] == code)
                count = len(here) // share
                # Dealt round, so that members of one chunk share a host as little as can be.
                for chunk in range(count):
                    group = next(groups)
                    found += [(group, row) for row in here[chunk::count]]
        return sorted(found)


def twins(told: CompiledProblem) -> Twins:
    """Take interchangeable groups as one."""
    problem = told.problem
    sets = [names for names in _alike(problem) if _interchangeable(told, names)]
    if not sets:
        return Twins(
            told, told, tuple((member_class,) for member_class in range(len(told.member_classes)))
        )
    first = {name: names[0] for names in sets for name in names}
    size = {names[0]: len(names) for names in sets}
    groups = [
        _one(told, group, first, size)
        for group in problem.app.groups
        if first.get(group.name) in (None, group.name)
    ]
    compiled = CompiledProblem(
        Problem(problem.app.model_copy(update={"groups": tuple(groups)}), problem.hosts), told.fleet
    )
    at = {
        (member_class.group, member_class.size): number
        for number, member_class in enumerate(compiled.member_classes)
    }
    member_classes: list[list[int]] = [[] for _ in compiled.member_classes]
    for number, member_class in enumerate(told.member_classes):
        member_classes[
            at[first.get(member_class.group, member_class.group), member_class.size]
        ].append(number)
    return Twins(compiled, told, tuple(map(tuple, member_classes)))


def shape(problem: Problem, name: str) -> object:
    """Give what tells a group from others, its name and those below it aside.

    Groups of one shape may change places: they are named by nobody, and have nothing running.
    """
    group = problem.app.groups[problem.groups.index(name)]
    below = problem.below[name]
    if problem.running(name) or any(map(rules_of(problem).naming, below)):
        return name
    sizes = tuple(
        (tuple(sorted(problem.app.resources(one).items())), one.count) for one in group.members
    )
    told = tuple(sorted(policy.model_dump_json() for policy in group.policies))
    parents = tuple(other.name for other in problem.app.groups if name in other.groups)
    return (
        sizes,
        told,
        parents,
        group.tenant_id,
        tuple(sorted(str(_inner(problem, child)) for child in group.groups)),
    )


def _inner(problem: Problem, name: str) -> object:
    """Give the shape of a group that stands below one group alone."""
    found = shape(problem, name)
    if not isinstance(found, tuple) or len(found[2]) > 1:
        return name
    sizes, told, _, tenant, children = found
    return sizes, told, tenant, children


def _alike(problem: Problem) -> Iterator[list[str]]:
    """Give sets of groups of one shape, with members and nothing below."""
    alike: dict[object, list[str]] = {}
    for group in problem.app.groups:
        if group.members and not group.groups:
            alike.setdefault(shape(problem, group.name), []).append(group.name)
    return (names for names in alike.values() if 1 < len(names) <= MAX_CHUNKS)


def _interchangeable(told: CompiledProblem, names: list[str]) -> bool:
    """Whether groups that are alike may be told apart at the very end: by rules of their own, and of all others."""
    problem, mine = told.problem, set(names)
    own = rules_of(problem).of(names[0])
    if sum(_binds(told, rule) for rule in own) != 1 or not all(_simple(told, rule) for rule in own):
        return False
    # Dealt out member class by member class, members of several sizes might meet on a host more often than one chunk may have them.
    sizes = {member.size for member in problem.new_members if member.group == names[0]}
    if len(sizes) > 1 and any(_per_host(rule) for rule in own):
        return False
    for rule in rules_of(problem).all:
        if rule.policy.target in mine or (
            counts_child_groups(rule.policy) and mine & set(problem.children[rule.group])
        ):
            return False
    return True


def _binds(told: CompiledProblem, rule: Rule) -> bool:
    return (
        rule.policy.hard
        and keeps_together(rule.policy, told.fleet)
        and level_on(rule.policy, told.fleet) != HOST
    )


def _simple(told: CompiledProblem, rule: Rule) -> bool:
    return _binds(told, rule) or isinstance(rule.policy, HostFilter) or _per_host(rule) is not None


def _per_host(rule: Rule) -> int | None:
    """Give how many members of a group may share a host, where that is all that a rule says."""
    if rule.policy.hard and rule.policy.at == HOST:
        return limit_per_domain(rule.policy)
    return None


def _one(
    told: CompiledProblem, group: Group[Any], first: dict[str, str], size: dict[str, int]
) -> Group[Any]:
    """Give a group of the merged application: its children without twins; and where it stands for some, all theirs."""
    children = tuple(child for child in group.groups if first.get(child, child) == child)
    if group.name not in size:
        return group.model_copy(update={"groups": children})
    rules = rules_of(told.problem).of(group.name)
    inner = next(str(level_on(rule.policy, told.fleet)) for rule in rules if _binds(told, rule))
    per_host = min((most for rule in rules if (most := _per_host(rule)) is not None), default=None)
    chunks = Chunks(number=size[group.name], inner=inner, per_host=per_host)
    kept = tuple(rule.policy for rule in rules if isinstance(rule.policy, HostFilter))
    members = tuple(
        one.model_copy(update={"count": one.count * size[group.name], "id": None})
        for one in group.members
    )
    return group.model_copy(update={"policies": (*kept, chunks), "members": members})
