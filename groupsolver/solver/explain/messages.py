"""A conflict in words and numbers, for readers who do not know the solver."""

from __future__ import annotations

from collections.abc import Callable

from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.findings import Finding, GroupSize, text_of
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.conflicts import evidence_of
from groupsolver.constraints.rules import Rule
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.result import Conflict, ConflictingPolicy
from groupsolver.solver.explain.quickxplain import MinimalConflict
from groupsolver.solver.explain.rules import ApplicationRules, PolicyRule, RuleAtom, SizeRule
from groupsolver.solver.explain.shortages import ResourceShortage, find_shortage


def describe_conflict(
    rules: ApplicationRules,
    conflict: MinimalConflict,
    fleet: CompiledFleet,
    reveal: bool,
    stop: Callable[[], bool] = lambda: False,
) -> Conflict:
    """Return a conflict as it is answered, without fixes.

    Parameters
    ----------
    rules : ApplicationRules
    conflict : MinimalConflict
    fleet : CompiledFleet
    reveal : bool
        Whether hosts and domains are named, and whether it is told what is free on them.
    stop : callable, optional
        Whether no time is left. Sentences then name the rules, not what they come to.
    """
    policies = []
    capacity = []
    for atom, findings in findings_of(rules, conflict, fleet, stop):
        text = text_of(findings, reveal)
        if isinstance(atom, PolicyRule):
            sentence = "; ".join(filter(None, (str(Rule(atom.group, atom.policy)), text)))
            policies.append(
                ConflictingPolicy(group=atom.group, policy=atom.policy.kind, sentence=sentence)
            )
        elif isinstance(atom, SizeRule):
            policies.append(ConflictingPolicy(group=atom.group, policy="members", sentence=text))
        else:
            capacity += [
                finding.shortage(reveal)
                for finding in findings
                if isinstance(finding, ResourceShortage)
            ]
    return Conflict(policies=tuple(policies), capacity=tuple(capacity), minimal=conflict.minimal)


def findings_of(
    rules: ApplicationRules,
    conflict: MinimalConflict,
    fleet: CompiledFleet,
    stop: Callable[[], bool] = lambda: False,
) -> list[tuple[RuleAtom, tuple[Finding, ...]]]:
    """Return what each rule of a conflict comes to on the fleet, as typed values.

    It is counted over the rules of the conflict alone.
    """
    app = rules.application(conflict.atoms)
    facts = Facts(CompiledProblem(Problem(app, fleet.index), fleet), stop)
    return [(atom, _findings(atom, facts)) for atom in conflict.atoms]


def _findings(atom: RuleAtom, facts: Facts) -> tuple[Finding, ...]:
    if isinstance(atom, PolicyRule):
        return () if facts.stop() else evidence_of(atom.policy, atom.group, facts)
    if not isinstance(atom, SizeRule):
        return (find_shortage(atom.resource, facts),)
    return (GroupSize(atom.group, facts.own_new[atom.group], facts.own_running[atom.group]),)
