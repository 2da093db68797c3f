"""The rules of an answer's conflicts, numbered through, so that lists and drawing can refer."""

from __future__ import annotations

from typing import Any, NamedTuple

from groupsolver.checking.conflict_words import conflicts_of, rules_in_order
from groupsolver.model.application import Application
from groupsolver.model.result import Conflict, ConflictingPolicy, Result, Shortage

MAX_CONFLICTS = 10  # more are only counted
MAX_RULES = 50  # of one conflict; more are only counted


class NumberedRule(NamedTuple):
    """A rule of a conflict: a policy or the size of a group, or a resource class that is short."""

    number: int
    rule: ConflictingPolicy | Shortage

    @property
    def group(self) -> str:
        """The group of a policy or a size; ``room`` of a resource class."""
        return "room" if isinstance(self.rule, Shortage) else self.rule.group


class NumberedConflict(NamedTuple):
    """A conflict with its rules, sizes and shortages last; `left_out` of them are too many."""

    conflict: Conflict
    rules: tuple[NumberedRule, ...]
    left_out: int


def numbered_conflicts(app: Application[Any], result: Result) -> list[NumberedConflict]:
    """Return the first conflicts of an answer, with their rules numbered from 1 through all."""
    found = []
    number = 0
    for conflict in conflicts_of(result)[:MAX_CONFLICTS]:
        every: list[ConflictingPolicy | Shortage] = [*rules_in_order(app, conflict)]
        every += conflict.capacity
        rules = []
        for rule in every[:MAX_RULES]:
            number += 1
            rules.append(NumberedRule(number, rule))
        found.append(NumberedConflict(conflict, tuple(rules), len(every) - len(rules)))
    return found
