"""What stands against a placement, and what would help: one form of it, whichever command says it."""

from __future__ import annotations

from collections.abc import Iterator

from groupsolver.cli.output.styled_lines import Line, sentences
from groupsolver.constraints.registry import Application
from groupsolver.model.application import member_ids
from groupsolver.model.result import NEVER, Conflict, Explanation, Fix, Result

TITLE = "bold red"


def against(app: Application, result: Result) -> Iterator[Line]:
    """Say which rules contradict each other, what would help, and whether an empty fleet would."""
    conflicts = result.conflicts if isinstance(result, Explanation) else ()
    conflicts = conflicts or ((result.conflict,) if result.conflict is not None else ())
    seconds = f"{result.seconds:.1f} s"
    if len(conflicts) > 1:
        yield (
            f"Cannot place: {len(conflicts)} conflicts, each of which stands in the way alone ({seconds})",
            TITLE,
        )
    for i, conflict in enumerate(conflicts, 1):
        if len(conflicts) > 1:
            yield "", ""
            yield f"Conflict {i}: {_title(app, conflict, '')}", "bold"
        else:
            yield f"Cannot place: {_title(app, conflict, seconds)}", TITLE
        yield from ((line, "") for line in sentences(_rows(app, conflict)))
    if conflicts and conflicts[0].fixes:
        if len(conflicts) > 1:
            yield "", ""
        whole = " of all conflicts together" if len(conflicts) > 1 else ""
        yield f"Cheapest changes{whole}, each checked by solving again:", "bold"
        yield from ((line, "green") for line in sentences(_helps(conflicts[0].fixes)))
    if isinstance(result, Explanation) and result.never is not None:
        yield (
            f"{NEVER[:1].upper()}{NEVER[1:]}."
            if result.never
            else "Were the fleet empty, it would fit.",
            "yellow",
        )


def _title(app: Application, conflict: Conflict, seconds: str) -> str:
    """Say how many contradict each other, and how sure that is."""
    rules = len(conflict.policies)
    if not rules and not conflict.capacity:  # a server may keep to itself why
        return _with("this is proved, but not which rules are in the way", seconds)
    if not conflict.minimal and not conflict.capacity and rules >= _all_rules(app):
        what = (
            "these are all rules that hold here"
            if rules > 1
            else "this is the only rule that holds here"
        )
        return f"{what} {_noted('not narrowed down', seconds)}"
    sure = "none can be left out" if conflict.minimal else "not shown to be the fewest"
    if not rules:
        return _with("there is not enough room", seconds)
    if rules == 1 and not conflict.capacity:
        return _with("this rule cannot be kept, whatever the others say", seconds)
    what = f"these {rules} rules" if rules > 1 else "this rule"
    what += " and the room that is left" if conflict.capacity else ""
    return f"{what} contradict each other {_noted(sure, seconds)}"


def _noted(*notes: str) -> str:
    return f"({', '.join(note for note in notes if note)})"


def _with(text: str, seconds: str) -> str:
    return f"{text} {_noted(seconds)}" if seconds else text


def _all_rules(app: Application) -> int:
    """Count hard policies and groups with new members: what is told where nothing could be narrowed down."""
    running = {there.id for there in app.existing}
    hard = sum(policy.hard for group in app.groups for policy in group.policies)
    return hard + sum(
        any(id_ not in running for id_, _ in member_ids(group)) for group in app.groups
    )


def _rows(app: Application, conflict: Conflict) -> list[tuple[str, str, str]]:
    """Give group, rule and evidence in the file's order; sizes, which say nothing by themselves, come last."""
    order = {group.name: i for i, group in enumerate(app.groups)}
    rules = sorted(
        conflict.policies,
        key=lambda rule: (rule.policy == "members", order.get(rule.group, len(order))),
    )
    told = [(rule.group, rule.sentence) for rule in rules]
    told += [("room", short.sentence) for short in conflict.capacity]
    split = [(who, sentence.partition("; ")) for who, sentence in told]
    return [(who, rule, evidence) for who, (rule, _, evidence) in split]


def _helps(fixes: tuple[Fix, ...]) -> list[tuple[str, ...]]:
    return [
        (
            f"{i}. {fix.change}",
            f"cost {fix.cost}",
            "[placement]" if fix.placement is not None else "",
        )
        for i, fix in enumerate(fixes, 1)
    ]
