"""A minimal conflict: rules that contradict each other, of which none can be left out.

First a small part of the batch is looked for that is impossible by itself: one group, then those
that one rule joins, then all that rules join; most conflicts are of that kind, and questions about
a part are answered in milliseconds. Its rules are then shrunk by QuickXplain.

Source: Junker, *QuickXplain*, AAAI 2004; on minimal unsatisfiable subsets, Liffiton & Sakallah (2008),
doi:10.1007/s10817-007-9084-z.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.disjoint_sets import DisjointSets
from groupsolver.solver.explain.feasibility import Asked
from groupsolver.solver.explain.rules import Atomized, PolicyRule, RuleAtom, RuleAtoms, SizeRule
from groupsolver.solver.presolve.tight_host_sets import tight_host_sets


@dataclass(frozen=True)
class MinimalConflict:
    """A conflict in atoms.

    Attributes
    ----------
    atoms : tuple of atoms
        In the application's order: sizes, policies, room.
    minimal : bool
        Proved that each proper subset is possible.
    """

    atoms: tuple[RuleAtom, ...]
    minimal: bool

    @property
    def rules(self) -> RuleAtoms:
        """Its policies and sizes: what another conflict must not contain to be disjoint."""
        return frozenset(atom for atom in self.atoms if isinstance(atom, PolicyRule | SizeRule))


def find(
    asked: Asked, among: Collection[RuleAtom] | None = None, start: list[RuleAtom] | None = None
) -> MinimalConflict | None:
    """Find a minimal conflict.

    Parameters
    ----------
    among : collection of atoms, optional
        By default all.
    start : list of atoms, optional
        Some of these that are known to be impossible together.

    Returns
    -------
    Found or None
        None where no conflict was proved: the rules are possible together, or time was too short.
    """
    every = asked.atomized.every if among is None else list(among)
    start = (
        start
        or impossible_part(asked, every)
        or (every if asked.possible(every) is False else None)
    )
    if start is None:
        return None
    atoms = shrink(asked, start)
    minimal = all(
        asked.possible([other for other in atoms if other is not atom]) is True for atom in atoms
    )
    order = {atom: place for place, atom in enumerate(asked.atomized.every)}
    return MinimalConflict(tuple(sorted(atoms, key=order.__getitem__)), minimal)


def impossible_part(asked: Asked, every: Collection[RuleAtom]) -> list[RuleAtom] | None:
    """Give rules about a few groups that are impossible together, if there are such."""
    kept = set(every)
    for groups in parts(asked.atomized, asked.fleet):
        atoms = [atom for atom in asked.atomized.about(groups) if atom in kept]
        if any(isinstance(atom, SizeRule) for atom in atoms) and asked.possible(atoms) is False:
            return atoms
    return None


def parts(atomized: Atomized, fleet: CompiledFleet) -> Iterator[frozenset[str]]:
    """Give sets of groups, small ones first: each alone, those that one rule counts, crowds, those that rules join."""
    alone = [frozenset([size.group]) for size in atomized.sizes]
    yield from alone
    counted = [atomized.counted(piece) for piece in atomized.pieces]
    joining = [groups for groups in counted if 1 < len(groups) < len(alone)]
    joined = DisjointSets(atomized.placed)
    for groups in joining:
        joined.join(groups)
    joined_with = joined.parts()
    wider = [one | other for i, one in enumerate(joining) for other in joining[:i] if one & other]
    whole = [joined_with[size.group] for size in atomized.sizes]
    seen = set(alone)
    for some in (joining, tight_host_sets(CompiledProblem(atomized.problem, fleet)), wider, whole):
        for groups in sorted(some, key=len):
            if groups not in seen:
                seen.add(groups)
                yield groups


def shrink(asked: Asked, atoms: list[RuleAtom]) -> list[RuleAtom]:
    """Leave out of impossible rules what is not needed; what is not decided in time stays.

    Earlier rules are preferred: sizes and policies to room, which others might free.
    """

    def needed(background: list[RuleAtom], fresh: bool, rules: list[RuleAtom]) -> list[RuleAtom]:
        if fresh and asked.possible(background) is False:
            return []
        if len(rules) == 1:
            return rules
        first, last = rules[: len(rules) // 2], rules[len(rules) // 2 :]
        of_last = needed([*background, *first], True, last)
        return [*needed([*background, *of_last], bool(of_last), first), *of_last]

    return needed([], False, atoms) if atoms else []
