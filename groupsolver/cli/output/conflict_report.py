"""The conflict of an infeasible application, and what would help: one form for all commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupsolver.checking.conflict_words import (
    conflict_title,
    conflicts_of,
    empty_fleet_sentence,
    rule_and_evidence,
    rules_in_order,
)
from groupsolver.cli.output.styled_lines import Line
from groupsolver.cli.output.text_table import table
from groupsolver.constraints.registry import Application
from groupsolver.model.result import Conflict, Fix, Result

TITLE = "bold red"


def conflict_lines(app: Application, result: Result) -> Iterator[Line]:
    """Yield the contradicting rules, the changes that would help, and what an empty fleet would."""
    conflicts = conflicts_of(result)
    seconds = f"{result.seconds:.1f} s"
    if len(conflicts) == 1:
        yield f"Cannot place: {conflict_title(app, conflicts[0], seconds)}", TITLE
        yield from _rule_lines(app, conflicts[0])
    elif conflicts:
        count = f"{len(conflicts)} conflicts, each of which alone prevents a placement"
        yield f"Cannot place: {count} ({seconds})", TITLE
        for i, conflict in enumerate(conflicts, 1):
            yield "", ""
            yield f"Conflict {i}: {conflict_title(app, conflict)}", "bold"
            yield from _rule_lines(app, conflict)
    if conflicts and conflicts[0].fixes:
        yield from _fix_lines(conflicts[0].fixes, of_several=len(conflicts) > 1)
    on_empty_fleet = empty_fleet_sentence(result)
    if on_empty_fleet:
        yield on_empty_fleet, "yellow"


def _rule_lines(app: Application, conflict: Conflict) -> Iterator[Line]:
    """Yield group, rule and evidence of each rule, in the file's order."""
    sentences = [(rule.group, rule.sentence) for rule in rules_in_order(app, conflict)]
    sentences += [("room", shortage.sentence) for shortage in conflict.capacity]
    rows = [(group, *rule_and_evidence(sentence)) for group, sentence in sentences]
    for line in table(rows):
        yield line, ""


def _fix_lines(fixes: Sequence[Fix], *, of_several: bool) -> Iterator[Line]:
    if of_several:
        yield "", ""
    scope = " of all conflicts together" if of_several else ""
    yield f"Cheapest changes{scope}, each checked by solving again:", "bold"
    rows = []
    for i, fix in enumerate(fixes, 1):
        has_placement = "  [placement]" if fix.placement is not None else ""
        rows.append((f"{i}. cost {fix.cost}", f"{fix.change}{has_placement}"))
    for line in table(rows):
        yield line, "green"
