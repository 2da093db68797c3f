"""The head of the page: the application, the proof, and what there is to say of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.result import Objective, Result
from groupsolver.picture.facts import Mark, Tally
from groupsolver.picture.text import count, esc, percent

_BADGES = {
    "optimal": "placed, proved optimal",
    "feasible": "placed",
    "infeasible": "impossible",
    "unknown": "no answer in time",
}


def header_of(name: str, summary: str, total: Tally, result: Result, objective: Objective) -> str:
    """Give the header as HTML."""
    facts = {"fleet": f"{count(total.hosts, 'host')}, {percent(total.mean)} used on average"}
    facts |= _facts(result, objective)
    terms = "".join(
        f"<div><dt>{esc(term)}</dt><dd>{esc(fact)}</dd></div>" for term, fact in facts.items()
    )
    notes = _note(
        "Soft policies that cost", [f"{each.cost:,}: {each.detail}" for each in result.penalties]
    )
    notes += _note("Warnings", result.warnings)
    if result.conflict:
        policies, capacity = result.conflict.policies, result.conflict.capacity
        sentences = [policy.sentence for policy in policies] + [
            shortage.sentence for shortage in capacity
        ]
        notes += _note("What stands against it", sentences)
    return (
        f'<header><h1><bdi>{esc(name)}</bdi></h1><span class="badge{"" if result.placed else " bad"}">'
        f'{_BADGES[result.status]}</span><p>{esc(summary)}</p><dl class="facts">{terms}</dl>{notes}</header>'
    )


def _note(title: str, lines: Iterable[str]) -> str:
    items = [f"<li>{esc(line)}</li>" for line in lines]
    if not items:
        return ""
    open_ = " open" if len(items) <= 3 else ""
    return f"<details{open_}><summary>{esc(title)} ({len(items):,})</summary><ul>{''.join(items)}</ul></details>"


def summary_of(marks: Sequence[Mark], hosts: HostIndex) -> str:
    """Say in one sentence how many members stand, and over how many hosts and domains."""
    new = [mark for mark in marks if mark.new]
    old = len(marks) - len(new)
    if not marks:
        return "No member of the application stands anywhere."
    where = [f"{len({m.host for m in marks}):,} of {count(len(hosts), 'host')}"]
    for level in reversed(hosts.levels):
        domains = {hosts.domain(mark.host, level) for mark in marks} - {None}
        where += (
            [f"{len(domains):,} of {count(len(hosts.domains(level)), level)}"] if domains else []
        )
    groups = count(len({mark.group for mark in new}), "group")
    placed = f"{count(len(new), 'member')} of {groups} placed" if new else "Nothing new placed"
    ran = f", {old:,} ran already" if old else ""
    return f"{placed}{ran}; the application stands on {', '.join(where)}."


def _facts(result: Result, objective: Objective) -> dict[str, str]:
    facts = {
        "objective": objective if result.objective is None else f"{objective} {result.objective:,}"
    }
    if result.bound is not None:
        facts["proved bound"] = f"{result.bound:,}"
    if result.gap is not None:
        facts["gap"] = f"{100 * result.gap:.3g}\u00a0%"
    if result.penalties:
        facts["penalties"] = f"{sum(penalty.cost for penalty in result.penalties):,}"
    return facts | {"time": f"{result.seconds:.2f}\u00a0s"}
