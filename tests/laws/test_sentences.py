"""Laws of sentences: each number of a conflict is what plain Python over the documents says.

Conflicts are drawn of all kinds, alone and in parents, with cells, overfull hosts and running
members.
"""

from __future__ import annotations

import re
from dataclasses import fields
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from groupsolver.constraints.problem.findings import Finding
from groupsolver.solver.explain.messages import findings_of
from groupsolver.solver.explain.rules import CapacityRule, PolicyRule, SizeRule
from groupsolver.solver.explain.shortages import MemberShortage
from tests.laws.test_conflicts import Case, drawn, first_impossible
from tests.support.draws.applications import KINDS, cases, draws
from tests.support.draws.cells import some_cells
from tests.support.draws.overfull import some_overfull
from tests.support.oracle import rule_subsets
from tests.support.oracle.conflict_numbers import Plain

every_kind = pytest.mark.parametrize("kind", KINDS)


def impossible_with_cells(rnd: Random, kind: str) -> Case:
    """Draw until a case has no placement, on hosts of which most have cells."""
    while True:
        app, fleet = cases(rnd, kind, soft=False)
        case = Case(app, some_overfull(some_cells(fleet, 1), 3))
        if case.feasibility.possible(case.rules.atoms) is False:
            return case


def checked(case: Case, *, quiet: bool = False) -> tuple[Plain, list[Finding]]:
    """Hold all that is listed of a case's conflict against its documents."""
    conflict = case.conflict()
    policies = [
        (atom.group, atom.policy.document())
        for atom in conflict.atoms
        if isinstance(atom, PolicyRule)
    ]
    sizes = {atom.group for atom in conflict.atoms if isinstance(atom, SizeRule)}
    classes = {atom.resource for atom in conflict.atoms if isinstance(atom, CapacityRule)}
    app, fleet = rule_subsets.only(case.app, case.fleet, policies, sizes, classes)
    plain = Plain(app, fleet)
    listed: list[Finding] = []
    for atom, findings in findings_of(case.rules, conflict, case.compiled):
        policy: dict[str, Any] = {}
        if isinstance(atom, PolicyRule):
            policy = atom.policy.document()
            policy.setdefault("group", atom.group)
        for finding in findings:
            if not quiet:
                note(repr(finding))
                event(type(finding).__name__)
            plain.check(finding, policy)
            for reveal in (True, False):
                no_other_numbers(finding, finding.text(reveal), case)
        listed += findings
    return plain, listed


def no_other_numbers(finding: Finding, text: str, case: Case) -> None:
    """Every number of a sentence is one of the finding, or counts what it lists."""
    for name in sorted(names_of(case), key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", "", text)
    known = set(numbers_of(finding))
    if isinstance(finding, MemberShortage):
        known |= {int(number) for number in re.findall(r"\d+", finding.refusal)}
    for number in re.findall(r"\d[\d,]*", text):
        assert int(number.replace(",", "")) in known, (number, text, finding)


def names_of(case: Case) -> set[str]:
    """All names that a sentence may have."""
    found = {group["name"] for group in case.app["groups"]} | {"VCPU", "MEMORY_MB"}
    for group in case.app["groups"]:
        for policy in group.get("policies", []):  # these may name domains that there are not
            found |= {*policy.get("share", {}), *policy.get("at_most", {})}
    for host in case.fleet["hosts"]:
        found |= {host["name"], *host.get("domains", {}).values()}
        cells = host.get("cells", [])
        found |= {f"cell {cell.get('name', index)}" for index, cell in enumerate(cells)}
    return found


def numbers_of(value: Any) -> list[int]:
    """All numbers of a finding, and the lengths of its lists."""
    if isinstance(value, Finding):
        return [n for field in fields(value) for n in numbers_of(getattr(value, field.name))]  # type: ignore[arg-type]
    if isinstance(value, tuple):
        return [len(value), *(n for one in value for n in numbers_of(one))]
    return [int(value)] if isinstance(value, int) else []


@every_kind
@draws(12)
@given(data=st.data())
def test_every_number_is_what_the_documents_say(kind: str, data: Any) -> None:
    checked(drawn(kind, data))


@every_kind
@draws(12)
@given(data=st.data())
def test_every_number_is_what_the_documents_say_where_hosts_have_cells(
    kind: str, data: Any
) -> None:
    case = impossible_with_cells(Random(f"{kind} {data.draw(st.integers(0, 2**40))}"), kind)
    note(str((case.app, case.fleet)))
    checked(case)


def test_upper_bounds_are_mostly_the_best_that_there_is() -> None:
    loose = exact = 0
    rnd = Random("bounds")
    for kind in KINDS * 4:
        plain, _ = checked(first_impossible(rnd, kind), quiet=True)
        loose += plain.loose
        exact += plain.exact
    # Bounds take no account of the least amounts and steps of members.
    assert exact >= 5 * loose, (exact, loose)
