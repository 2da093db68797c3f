"""Groups that only their names tell apart: found, merged into one, and told apart in the answer.

Where k groups have the same members, policies and parents, are named by no policy, and each has to
be in one domain, any placement stays valid if they change places. A model that names them has k!
copies of each placement. Merged into one group, whose members come in k chunks, they have one.

Example: replicas A and B of two members, each in one rack. Merged, they are one group of four
members in two chunks. A placement with two members in r1 and two in r2 stands for both A in r1, B
in r2 and A in r2, B in r1.

Source: interchangeable objects, Freuder (1991), AAAI-91; counting instead of naming, Gent, Petrie
& Puget, *Symmetry in constraint programming* (2006), doi:10.1016/S1574-6526(06)80014-3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from groupsolver.constraints.eligibility import traits_required
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
from groupsolver.solver.exact.numa import CellCounts
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.presolve.group_chunks import Chunks, chunks_of

MAX_CHUNKS = 64  # chunks of one group: their costs are computed one by one


@dataclass(frozen=True)
class MergedProblem:
    """A compiled problem with interchangeable groups merged, and the way there and back.

    Attributes
    ----------
    compiled : CompiledProblem
        What is solved; the original itself where nothing was merged.
    original : CompiledProblem
    original_classes : tuple of tuple of int
        By member class of `compiled`: the member classes of `original` in it.
    """

    compiled: CompiledProblem
    original: CompiledProblem
    original_classes: tuple[tuple[int, ...], ...]

    def to_merged(self, assignments: list[Assignment] | None) -> list[Assignment] | None:
        """Return assignments of the original member classes as assignments of the merged ones."""
        if assignments is None:
            return None
        merged_class = {
            original: merged
            for merged, originals in enumerate(self.original_classes)
            for original in originals
        }
        return [(merged_class[class_index], row) for class_index, row in assignments]

    def to_original(self, assignments: list[Assignment]) -> list[Assignment]:
        """Deal the members of merged groups out to the original groups, chunk by chunk."""
        chunks_by_group = chunks_of(self.compiled.problem)
        rows_of: dict[int, list[int]] = {}
        for class_index, row in assignments:
            rows_of.setdefault(class_index, []).append(row)
        dealt: list[Assignment] = []
        for class_index, rows in sorted(rows_of.items()):
            originals = self.original_classes[class_index]
            chunks = chunks_by_group.get(self.compiled.member_classes[class_index].group)
            if chunks is None or len(originals) == 1:
                dealt += [(originals[0], row) for row in sorted(rows)]
            else:
                dealt += self._deal_chunks(rows, originals, chunks)
        return sorted(dealt)

    def _deal_chunks(
        self, rows: list[int], originals: tuple[int, ...], chunks: Chunks
    ) -> Iterator[Assignment]:
        """Yield assignments of the original classes; each of them gets one chunk of the rows."""
        codes = self.compiled.fleet.codes(chunks.inner)
        chunk_size = len(rows) // len(originals)
        next_original = iter(originals)
        # One domain after another, in the same order for each member class of the group: so all
        # classes of one original group are dealt to the same domain.
        for code in sorted({int(codes[row]) for row in rows}):
            rows_here = sorted(row for row in rows if codes[row] == code)
            count = len(rows_here) // chunk_size
            for chunk in range(count):
                original = next(next_original)
                # Every count-th row, so that members of one chunk share a host as little as
                # possible.
                for row in rows_here[chunk::count]:
                    yield original, row

    def cells_of_original(self, inside: CellCounts, assignments: list[Assignment]) -> CellCounts:
        """Deal the NUMA cells of each host out to the original member classes.

        The original classes of one merged class have members of one size, so any way will do.

        Parameters
        ----------
        inside : dict of (int, int) to list of int
            By merged class and row: how many members are in each cell.
        assignments : list of (int, int)
            Of the original classes, as `to_original` deals them out.
        """
        members_on = Counter(assignments)
        dealt: CellCounts = {}
        for (class_index, row), counts in inside.items():
            cells = iter([cell for cell, number in enumerate(counts) for _ in range(number)])
            for original in self.original_classes[class_index]:
                number = members_on[original, row]
                if not number:
                    continue
                dealt[original, row] = [0] * len(counts)
                for _ in range(number):
                    dealt[original, row][next(cells)] += 1
        return dealt


def merge_interchangeable(original: CompiledProblem) -> MergedProblem:
    """Merge the groups that only their names tell apart."""
    problem = original.problem
    sets = [names for names in _same_shape(problem) if _are_interchangeable(original, names)]
    if not sets:
        unchanged = tuple((index,) for index in range(len(original.member_classes)))
        return MergedProblem(original, original, unchanged)
    # Each set is represented by its first group.
    representative = {name: names[0] for names in sets for name in names}
    set_size = {names[0]: len(names) for names in sets}
    groups = tuple(
        _merged_group(original, group, representative, set_size)
        for group in problem.app.groups
        if representative.get(group.name, group.name) == group.name
    )
    app = problem.app.model_copy(update={"groups": groups})
    compiled = CompiledProblem(Problem(app, problem.hosts), original.fleet)
    merged_index = {
        (member_class.group, member_class.size): index
        for index, member_class in enumerate(compiled.member_classes)
    }
    original_classes: list[list[int]] = [[] for _ in compiled.member_classes]
    for index, member_class in enumerate(original.member_classes):
        group_name = representative.get(member_class.group, member_class.group)
        original_classes[merged_index[group_name, member_class.size]].append(index)
    return MergedProblem(compiled, original, tuple(map(tuple, original_classes)))


def group_shape(problem: Problem, name: str) -> object:
    """Return what tells a group from others, apart from the names of it and of those below it.

    Groups of equal shape may change places. A group that a policy names, or that has running
    members, is like no other: its shape is its name.
    """
    group = _groups_by_name(problem)[name]
    below = problem.below[name]
    named = any(rules_of(problem).naming(one) for one in below)
    if named or problem.running(name):
        return name
    sizes = tuple(
        (tuple(sorted(problem.app.resources(members).items())), members.count)
        for members in group.members
    )
    policies = tuple(sorted(policy.model_dump_json() for policy in group.policies))
    parents = _parents(problem).get(name, ())
    children = tuple(sorted(str(_child_shape(problem, child)) for child in group.groups))
    required = tuple(sorted(traits_required(problem, name)))
    return (sizes, policies, parents, group.tenant_id, children, required)


def _groups_by_name(problem: Problem) -> dict[str, Group[Any]]:
    def make() -> dict[str, Group[Any]]:
        return {group.name: group for group in problem.app.groups}

    return problem.once("groups by name", make)


def _parents(problem: Problem) -> dict[str, tuple[str, ...]]:
    """Return the groups right above each group that has any, in the file's order."""

    def make() -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for group in problem.app.groups:
            for child in group.groups:
                found.setdefault(child, []).append(group.name)
        return {child: tuple(parents) for child, parents in found.items()}

    return problem.once("parents", make)


def _child_shape(problem: Problem, name: str) -> object:
    """Return the shape of a child group, its parent aside; its name where it has two parents."""
    shape = group_shape(problem, name)
    if not isinstance(shape, tuple):
        return name
    sizes, policies, parents, tenant, children, required = shape
    if len(parents) > 1:
        return name
    return sizes, policies, tenant, children, required


def _same_shape(problem: Problem) -> Iterator[list[str]]:
    """Yield sets of groups of one shape, with members and no groups below."""
    by_shape: dict[object, list[str]] = {}
    for group in problem.app.groups:
        if group.members and not group.groups:
            by_shape.setdefault(group_shape(problem, group.name), []).append(group.name)
    return (names for names in by_shape.values() if 1 < len(names) <= MAX_CHUNKS)


def _are_interchangeable(original: CompiledProblem, names: list[str]) -> bool:
    """Return whether groups of one shape may be told apart after the solve.

    Their own rules must be ones that chunks can express, with exactly one that binds a chunk to a
    domain, and no other rule may look at one of them.
    """
    problem = original.problem
    own_rules = rules_of(problem).of(names[0])
    if sum(_binds_to_domain(original, rule) for rule in own_rules) != 1:
        return False
    if not all(_chunks_can_express(original, rule) for rule in own_rules):
        return False
    # Members are dealt out class by class. Of several sizes, they might meet on a host more often
    # than one chunk may have them.
    sizes = {member.size for member in problem.new_members if member.group == names[0]}
    limited = any(_max_per_host(rule) is not None for rule in own_rules)
    if len(sizes) > 1 and limited:
        return False
    return not any(_looks_at(problem, rule, set(names)) for rule in rules_of(problem).all)


def _looks_at(problem: Problem, rule: Rule, names: set[str]) -> bool:
    """Return whether a rule names one of some groups, or counts them as children."""
    if rule.policy.target in names:
        return True
    return counts_child_groups(rule.policy) and not names.isdisjoint(problem.children[rule.group])


def _binds_to_domain(original: CompiledProblem, rule: Rule) -> bool:
    """Return whether a rule puts all members of its group into one domain above host."""
    if not rule.policy.hard or not keeps_together(rule.policy, original.fleet):
        return False
    return level_on(rule.policy, original.fleet) != HOST


def _chunks_can_express(original: CompiledProblem, rule: Rule) -> bool:
    if isinstance(rule.policy, HostFilter) or _max_per_host(rule) is not None:
        return True
    return _binds_to_domain(original, rule)


def _max_per_host(rule: Rule) -> int | None:
    """Return how many members of a group may share a host, where that is all that a rule says."""
    if not rule.policy.hard or rule.policy.at != HOST:
        return None
    return limit_per_domain(rule.policy)


def _merged_group(
    original: CompiledProblem,
    group: Group[Any],
    representative: dict[str, str],
    set_size: dict[str, int],
) -> Group[Any]:
    """Return a group as the merged application has it.

    Its children are the representatives alone. A representative has the members of its whole set.
    """
    children = tuple(child for child in group.groups if representative.get(child, child) == child)
    if group.name not in set_size:
        return group.model_copy(update={"groups": children})
    number = set_size[group.name]
    rules = rules_of(original.problem).of(group.name)
    binding = next(rule for rule in rules if _binds_to_domain(original, rule))
    inner = str(level_on(binding.policy, original.fleet))
    limits = [limit for limit in map(_max_per_host, rules) if limit is not None]
    chunks = Chunks(number=number, inner=inner, per_host=min(limits, default=None))
    kept = tuple(rule.policy for rule in rules if isinstance(rule.policy, HostFilter))
    members = tuple(
        one.model_copy(update={"count": one.count * number, "id": None}) for one in group.members
    )
    return group.model_copy(update={"policies": (*kept, chunks), "members": members})
