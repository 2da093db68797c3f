"""The conflict of an infeasible application, and what would help: one form for all commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groupsolver.cli.output.styled_lines import Line
from groupsolver.cli.output.text_table import table
from groupsolver.constraints.registry import Application
from groupsolver.model.application import member_ids
from groupsolver.model.result import NEVER, Conflict, Explanation, Fix, Result

TITLE = "bold red"


def conflict_lines(app: Application, result: Result) -> Iterator[Line]:
    """Yield the contradicting rules, the changes that would help, and what an empty fleet would."""
    conflicts = _conflicts_of(result)
    seconds = f"{result.seconds:.1f} s"
    if len(conflicts) == 1:
        yield f"Cannot place: {_title(app, conflicts[0], seconds)}", TITLE
        yield from _rule_lines(app, conflicts[0])
    elif conflicts:
        count = f"{len(conflicts)} conflicts, each of which alone prevents a placement"
        yield f"Cannot place: {count} ({seconds})", TITLE
        for i, conflict in enumerate(conflicts, 1):
            yield "", ""
            yield f"Conflict {i}: {_title(app, conflict, '')}", "bold"
            yield from _rule_lines(app, conflict)
    if conflicts and conflicts[0].fixes:
        yield from _fix_lines(conflicts[0].fixes, of_several=len(conflicts) > 1)
    if isinstance(result, Explanation) and result.never is not None:
        never = f"{NEVER[:1].upper()}{NEVER[1:]}."
        yield (never if result.never else "On an empty fleet it would fit."), "yellow"


def _conflicts_of(result: Result) -> Sequence[Conflict]:
    if isinstance(result, Explanation) and result.conflicts:
        return result.conflicts
    return (result.conflict,) if result.conflict is not None else ()


def _title(app: Application, conflict: Conflict, seconds: str) -> str:
    """Return how many rules contradict each other, and whether fewer of them might."""
    rules = len(conflict.policies)
    if not rules and not conflict.capacity:  # a server may keep the reasons to itself
        return _with_notes("this is proved, but not which rules are in the way", seconds)
    if not conflict.minimal and not conflict.capacity and rules >= _count_rules(app):
        all_rules = "these are all rules that hold here"
        what = all_rules if rules > 1 else "this is the only rule that holds here"
        return _with_notes(what, "not narrowed down", seconds)
    if not rules:
        return _with_notes("there is not enough room", seconds)
    if rules == 1 and not conflict.capacity:
        return _with_notes("this rule cannot be kept, whatever the others say", seconds)
    what = f"these {rules} rules" if rules > 1 else "this rule"
    if conflict.capacity:
        what += " and the room that is left"
    minimal = "none can be left out" if conflict.minimal else "not shown to be the fewest"
    return _with_notes(f"{what} contradict each other", minimal, seconds)


def _with_notes(text: str, *notes: str) -> str:
    """Return the text with the notes that are not empty in brackets."""
    given = [note for note in notes if note]
    return f"{text} ({', '.join(given)})" if given else text


def _count_rules(app: Application) -> int:
    """Count what a conflict that was not narrowed down names.

    These are the hard policies, and the groups with new members.
    """
    running = {member.id for member in app.existing}
    count = 0
    for group in app.groups:
        count += sum(policy.hard for policy in group.policies)
        count += any(member not in running for member, _ in member_ids(group))
    return count


def _rule_lines(app: Application, conflict: Conflict) -> Iterator[Line]:
    """Yield group, rule and evidence of each rule, in the file's order.

    Sizes come last: a number of members alone explains nothing.
    """
    order = {group.name: i for i, group in enumerate(app.groups)}
    rules = sorted(
        conflict.policies,
        key=lambda rule: (rule.policy == "members", order.get(rule.group, len(order))),
    )
    sentences = [(rule.group, rule.sentence) for rule in rules]
    sentences += [("room", shortage.sentence) for shortage in conflict.capacity]
    rows = []
    for group, sentence in sentences:
        rule, _, evidence = sentence.partition("; ")
        rows.append((group, rule, evidence))
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
