"""A minimal conflict: rules that contradict each other, none of which can be left out.

The search has three steps:

1. Find a small part of the application that is impossible by itself: one group, then the groups
   that one policy counts, then all groups that policies connect. Most conflicts are of this kind,
   and a question about a part takes milliseconds.
2. Shrink its rules by QuickXplain.
3. Leave out each remaining rule once, to prove that the others are possible.

Sources: Junker, *QuickXplain: preferred explanations and relaxations for over-constrained
problems*, AAAI 2004, pp. 167-172 (no DOI). Minimal unsatisfiable subsets: Liffiton & Sakallah
(2008), doi:10.1007/s10817-007-9084-z.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.solver.explain.feasibility import RuleFeasibility
from groupsolver.solver.explain.rules import (
    ApplicationRules,
    CapacityRule,
    RuleAtom,
    RuleAtoms,
    SizeRule,
)
from groupsolver.solver.presolve.tight_host_sets import tight_host_sets

Groups = frozenset[str]


@dataclass(frozen=True)
class MinimalConflict:
    """Rules that contradict each other.

    Attributes
    ----------
    atoms : tuple of RuleAtom
        In the application's order: sizes, policies, capacities.
    minimal : bool
        Whether it was proved that each proper subset is possible.
    """

    atoms: tuple[RuleAtom, ...]
    minimal: bool

    @property
    def policies_and_sizes(self) -> RuleAtoms:
        """The rules that no other conflict may share with this one."""
        return frozenset(atom for atom in self.atoms if not isinstance(atom, CapacityRule))


def find_conflict(
    feasibility: RuleFeasibility,
    among: Collection[RuleAtom] | None = None,
    start: list[RuleAtom] | None = None,
) -> MinimalConflict | None:
    """Find a minimal conflict.

    Parameters
    ----------
    feasibility : RuleFeasibility
    among : collection of RuleAtom, optional
        Rules that may take part; by default all.
    start : list of RuleAtom, optional
        Some of these rules, known to be impossible together.

    Returns
    -------
    MinimalConflict or None
        None if no conflict was proved: the rules are possible together, or time was too short.
    """
    order = feasibility.rules.atoms
    candidates = order if among is None else list(among)
    if not start:
        start = find_impossible_part(feasibility, candidates)
    if not start and feasibility.possible(candidates) is False:
        start = candidates
    if start is None:
        return None
    atoms = shrink(feasibility, start)
    minimal = all(feasibility.possible(_without(atoms, atom)) is True for atom in atoms)
    position = {atom: index for index, atom in enumerate(order)}
    return MinimalConflict(tuple(sorted(atoms, key=position.__getitem__)), minimal)


def _without(atoms: list[RuleAtom], left_out: RuleAtom) -> list[RuleAtom]:
    return [atom for atom in atoms if atom is not left_out]


def find_impossible_part(
    feasibility: RuleFeasibility, among: Collection[RuleAtom]
) -> list[RuleAtom] | None:
    """Return rules about a few groups that are impossible together; None if none are found."""
    allowed = set(among)
    for groups in candidate_parts(feasibility.rules, feasibility.fleet):
        if feasibility.oracle.budget.left() <= 0:
            break
        atoms = [atom for atom in feasibility.rules.atoms_about(groups) if atom in allowed]
        places_members = any(isinstance(atom, SizeRule) for atom in atoms)
        if places_members and feasibility.possible(atoms) is False:
            return atoms
    return None


def candidate_parts(rules: ApplicationRules, fleet: CompiledFleet) -> Iterator[Groups]:
    """Yield sets of groups that may be impossible by themselves, the cheapest questions first.

    The order is: each group alone; the groups that one policy counts; groups that have only each
    other's hosts; pairs of overlapping sets of counted groups; all groups that policies connect.
    """
    alone = [frozenset([size.group]) for size in rules.sizes]
    yield from alone
    counted = [rules.counted_groups(rule) for rule in rules.policies]
    joining = [groups for groups in counted if 1 < len(groups) < len(alone)]
    components = DisjointSets(rules.placed)
    for groups in joining:
        components.join(groups)
    component_of = components.parts()
    connected = [component_of[size.group] for size in rules.sizes]
    tight = tight_host_sets(CompiledProblem(rules.problem, fleet))
    seen = set(alone)
    for stage in (joining, tight, _overlapping_unions(joining), connected):
        for groups in sorted(stage, key=len):
            if groups not in seen:
                seen.add(groups)
                yield groups


def _overlapping_unions(joining: list[Groups]) -> list[Groups]:
    return [
        one | other for index, one in enumerate(joining) for other in joining[:index] if one & other
    ]


def shrink(feasibility: RuleFeasibility, atoms: list[RuleAtom]) -> list[RuleAtom]:
    """Return rules that are impossible together, leaving out what is not needed.

    QuickXplain divides the rules in halves and keeps of each half what is needed beside the other.
    It needs ``O(k log(n / k))`` questions for k rules in conflict among n. A rule about which a
    question is not decided in time stays.

    Earlier rules are preferred: sizes and policies rather than capacities, which other applications
    might free.

    Examples
    --------
    Of rules a, b, c and d, where a and d contradict each other:

    1. the halves are ab and cd; beside ab, c alone is possible, so d is needed;
    2. beside d, the half ab is split; b is not needed and a is;
    3. the result is a, d.
    """
    return _quickxplain(feasibility, [], False, atoms) if atoms else []


def _quickxplain(
    feasibility: RuleFeasibility,
    background: list[RuleAtom],
    background_grew: bool,
    atoms: list[RuleAtom],
) -> list[RuleAtom]:
    """Return a minimal subset of some rules that is impossible together with the background.

    Parameters
    ----------
    background_grew : bool
        Whether the background has rules that were not there at the last question; it may then be
        impossible by itself.
    """
    if feasibility.out_of_time:
        return atoms  # no question is answered any more, so that all of them stay
    if background_grew and feasibility.possible(background) is False:
        return []
    if len(atoms) == 1:
        return atoms
    middle = len(atoms) // 2
    first = atoms[:middle]
    last = atoms[middle:]
    needed_last = _quickxplain(feasibility, [*background, *first], True, last)
    grew = bool(needed_last)
    needed_first = _quickxplain(feasibility, [*background, *needed_last], grew, first)
    return [*needed_first, *needed_last]
