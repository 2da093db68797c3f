"""Which groups a change of some groups concerns: those that one rule counts together.

The search places some members anew and leaves the others where they are. The model of such a step
has the rules that count any group that changes, and all groups that these rules count. What is left
out is neither changed nor counted with what changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.network import loads_links
from groupsolver.constraints.protocols.optional_members import for_any_size
from groupsolver.constraints.protocols.scope import groups_counted
from groupsolver.constraints.rules import Rule, rules_of
from groupsolver.model.disjoint_sets import DisjointSets


class _AnySizes:
    """Every group may have any number of its members."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem

    def least(self, group: str) -> int:
        """Return the running members alone."""
        return len(self._problem.running(group))

    def most(self, group: str) -> int:
        """Return all members."""
        return self._problem.size(group)


@dataclass(frozen=True)
class Concerned:
    """What a change of some groups concerns.

    Attributes
    ----------
    rules : tuple of Rule
        The rules that count any of them, in the order of the file.
    groups : frozenset of str
        The groups that these rules count, and the changed ones.
    """

    rules: tuple[Rule, ...]
    groups: frozenset[str]


class Couplings:
    """The rules of a problem by the groups that they count.

    Parameters
    ----------
    compiled : CompiledProblem

    Attributes
    ----------
    bundle_of : dict of str to frozenset of str
        Groups that are placed whole, all of a bundle or none: a rule counts them whose meaning
        depends on how many members are placed, such as "they cover three zones".
    """

    def __init__(self, compiled: CompiledProblem) -> None:
        problem = compiled.problem
        self._problem = problem
        self._order = {rule: place for place, rule in enumerate(rules_of(problem).all)}
        self._counted: dict[Rule, frozenset[str]] = {}
        self._links = [rule for rule in rules_of(problem).all if loads_links(rule.policy)]
        self.bundle_of = self._bundles()

    def counted(self, rule: Rule) -> frozenset[str]:
        """Return the groups whose members a rule looks at."""
        found = self._counted.get(rule)
        if found is None:
            found = groups_counted(rule.policy, rule.group, self._problem)
            self._counted[rule] = found
        return found

    def of(self, changed: Collection[str], present: Collection[str] = ()) -> Concerned:
        """Return what a change of some groups concerns.

        Groups that are `present` are counted in any case, for the room that they take.
        """
        book = rules_of(self._problem)
        rules = {rule for group in changed for rule in book.counting(group)}
        # Bandwidth is shared by all that send over a link, whatever group they are of.
        if any(loads_links(rule.policy) for rule in rules):
            rules.update(self._links)
        groups = set(changed).union(present, *map(self.counted, rules))
        return Concerned(tuple(sorted(rules, key=self._order.__getitem__)), frozenset(groups))

    def _bundles(self) -> dict[str, frozenset[str]]:
        sizes = _AnySizes(self._problem)
        sets = DisjointSets(self._problem.groups)
        bundled: set[str] = set()
        for rule in rules_of(self._problem).hard:
            if for_any_size(rule.policy, rule.group, sizes) is not rule.policy:
                counted = self.counted(rule)
                bundled.update(counted)
                sets.join(sorted(counted))
        parts = sets.parts()
        return {group: parts[group] for group in bundled}


def groups_with_ancestors(problem: Problem, groups: Iterable[str]) -> set[str]:
    """Return some groups and all that are above them."""
    found = set(groups)
    for group in list(found):
        found.update(name for name in problem.above[group] if name in problem.children)
    return found
