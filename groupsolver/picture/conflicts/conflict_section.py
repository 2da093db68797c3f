"""The section of the page that says why there is no placement, and what would help."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groupsolver.checking.conflict_words import (
    conflict_title,
    conflicts_of,
    empty_fleet_sentence,
    rule_and_evidence,
)
from groupsolver.model.application import Application
from groupsolver.model.result import Fix, Result, Shortage
from groupsolver.model.units import amount_text, quantity
from groupsolver.picture.conflicts.named_places import NamedPlaces
from groupsolver.picture.conflicts.numbered_rules import NumberedConflict, NumberedRule
from groupsolver.picture.text import esc

MAX_FIXES = 20


def conflict_section(
    app: Application[Any],
    result: Result,
    conflicts: Sequence[NumberedConflict],
    named: NamedPlaces,
) -> str:
    """Return the section as HTML; nothing where there is no conflict.

    Rules with marked places have a button that shows these.
    """
    if not conflicts:
        return ""
    total = len(conflicts_of(result))
    parts = []
    if total > 1:
        several = f"{total:,} conflicts, each of which alone prevents a placement"
        parts.append(f"<h2>{several}</h2>")
    for i, conflict in enumerate(conflicts, 1):
        title = conflict_title(app, conflict.conflict)
        title = f"Conflict {i}: {title}" if total > 1 else title[:1].upper() + title[1:]
        parts.append(_conflict(title, conflict, named))
    parts.append(_more(total - len(conflicts), "conflict"))
    parts.append(_fixes(conflicts[0].conflict.fixes, of_several=total > 1))
    on_empty_fleet = empty_fleet_sentence(result)
    if on_empty_fleet:
        parts.append(f"<p>{esc(on_empty_fleet)}</p>")
    return f'<section class="conflict" aria-label="Conflict">{"".join(parts)}</section>'


def _conflict(title: str, numbered: NumberedConflict, named: NamedPlaces) -> str:
    items = "".join(_rule(rule, named) for rule in numbered.rules)
    listed = f'<ol class="rules">{items}</ol>' if items else ""
    more = _more(numbered.left_out, "rule")
    return f"<h2>{esc(title)}</h2>{listed}{more}"


def _rule(numbered: NumberedRule, named: NamedPlaces) -> str:
    rule, evidence = rule_and_evidence(numbered.rule.sentence)
    parts = [_number(numbered.number, named)]
    parts.append(f'<bdi class="soft">{esc(numbered.group)}</bdi><div><p>{esc(rule)}</p>')
    if evidence:
        parts.append(f'<p class="evidence">{esc(evidence)}</p>')
    if isinstance(numbered.rule, Shortage):
        parts.append(_meter(numbered.rule))
    places = named.words(numbered.number)
    if places:
        parts.append(f'<p class="soft">{esc(places)}</p>')
    return f"<li>{''.join(parts)}</div></li>"


def _number(number: int, named: NamedPlaces) -> str:
    if not named.marked(number):
        return f'<span class="number">{number}</span>'
    title = f"Show the hosts and domains of rule {number}"
    attributes = f'data-rule="{number}" aria-pressed="false" title="{title}"'
    return f'<button type="button" class="number" {attributes}>{number}</button>'


def _meter(short: Shortage) -> str:
    """Return how much there is of what is needed, as a bar and in words."""
    share = min(1.0, short.available / short.needed) if short.needed > 0 else 1.0
    available = quantity(short.resource, short.available)
    needed = amount_text(short.resource, short.needed)
    text = f"{needed} needed, at most {available} available"
    # With these bounds, browsers show anything but the whole as bad.
    bounds = 'min="0" low="0.998" high="0.999" optimum="1" max="1"'
    meter = f'<meter {bounds} value="{share:.3f}">{share:.0%}</meter>'
    return f"<p>{meter} {esc(text)}</p>"


def _fixes(fixes: Sequence[Fix], *, of_several: bool) -> str:
    if not fixes:
        return ""
    scope = " of all conflicts together" if of_several else ""
    items = []
    for fix in fixes[:MAX_FIXES]:
        change = f'<span class="cost">cost {fix.cost:,}</span><div>{esc(fix.change)}</div>'
        items.append(f"<li>{change}</li>")
    more = _more(len(fixes) - len(items), "change")
    return (
        f"<h2>Cheapest changes{scope}, each checked by solving again</h2>"
        f'<ol class="fixes">{"".join(items)}</ol>{more}'
    )


def _more(number: int, noun: str) -> str:
    if number <= 0:
        return ""
    return f'<p class="soft">and {number:,} more {noun}{"s" * (number > 1)}</p>'
