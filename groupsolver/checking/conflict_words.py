"""The conflicts of an answer in words: the same on a terminal and in a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groupsolver.model.application import Application, member_ids
from groupsolver.model.result import NEVER, Conflict, ConflictingPolicy, Explanation, Result

SIZE = "members"  # the kind of a rule that says how many members of a group are placed


def conflicts_of(result: Result) -> Sequence[Conflict]:
    """Return all conflicts of an answer: none where it has a placement."""
    if isinstance(result, Explanation) and result.conflicts:
        return result.conflicts
    return (result.conflict,) if result.conflict is not None else ()


def conflict_title(app: Application[Any], conflict: Conflict, *notes: str) -> str:
    """Return how many rules contradict each other, and whether fewer of them might.

    The notes that are not empty follow in brackets.
    """
    rules = len(conflict.policies)
    if not rules and not conflict.capacity:  # a server may keep the reasons to itself
        return _with_notes("this is proved, but not which rules are in the way", *notes)
    if not conflict.minimal and not conflict.capacity and rules >= _count_rules(app):
        all_rules = "these are all rules that hold here"
        what = all_rules if rules > 1 else "this is the only rule that holds here"
        return _with_notes(what, "not narrowed down", *notes)
    if not rules:
        return _with_notes("there is not enough room", *notes)
    if rules == 1 and not conflict.capacity:
        return _with_notes("this rule cannot be kept, whatever the others say", *notes)
    what = f"these {rules} rules" if rules > 1 else "this rule"
    if conflict.capacity:
        what += " and the room that is left"
    minimal = "none can be left out" if conflict.minimal else "not shown to be the fewest"
    return _with_notes(f"{what} contradict each other", minimal, *notes)


def _with_notes(text: str, *notes: str) -> str:
    """Return the text with the notes that are not empty in brackets."""
    given = [note for note in notes if note]
    return f"{text} ({', '.join(given)})" if given else text


def _count_rules(app: Application[Any]) -> int:
    """Count what a conflict that was not narrowed down names.

    These are the hard policies, and the groups with new members.
    """
    running = {member.id for member in app.existing}
    count = 0
    for group in app.groups:
        count += sum(policy.hard for policy in group.policies)
        count += any(member not in running for member, _ in member_ids(group))
    return count


def rules_in_order(app: Application[Any], conflict: Conflict) -> list[ConflictingPolicy]:
    """Return the rules of a conflict in the file's order.

    Sizes come last: a number of members alone explains nothing.
    """
    order = {group.name: i for i, group in enumerate(app.groups)}
    return sorted(
        conflict.policies,
        key=lambda rule: (rule.policy == SIZE, order.get(rule.group, len(order))),
    )


def rule_and_evidence(sentence: str) -> tuple[str, str]:
    """Return the two parts of a rule's sentence: the rule, and what it comes to on the fleet."""
    rule, _, evidence = sentence.partition("; ")
    return rule, evidence


def empty_fleet_sentence(result: Result) -> str:
    """Return whether the application would fit an empty fleet; nothing where it is not decided."""
    if not isinstance(result, Explanation) or result.never is None:
        return ""
    never = f"{NEVER[:1].upper()}{NEVER[1:]}."
    return never if result.never else "On an empty fleet it would fit."
