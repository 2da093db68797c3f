"""The head of the page: the application, the proof, and the facts about the answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.result import Objective, Result
from groupsolver.picture.host_state import Mark, Tally
from groupsolver.picture.text import count, esc, percent

_BADGES = {
    "optimal": "placed, proved optimal",
    "feasible": "placed",
    "infeasible": "impossible",
    "unknown": "no answer in time",
}
MAX_OPEN_NOTES = 3  # longer lists are folded


def header_of(name: str, summary: str, total: Tally, result: Result, objective: Objective) -> str:
    """Return the header as HTML."""
    facts = {"fleet": f"{count(total.hosts, 'host')}, {percent(total.mean)} used on average"}
    facts |= _facts(result, objective)
    terms = "".join(
        f"<div><dt>{esc(term)}</dt><dd>{esc(fact)}</dd></div>" for term, fact in facts.items()
    )
    badge = "badge" if result.placed else "badge bad"
    return (
        f'<header><h1><bdi>{esc(name)}</bdi></h1><span class="{badge}">'
        f"{_BADGES[result.status]}</span><p>{esc(summary)}</p>"
        f'<dl class="facts">{terms}</dl>{_notes(result)}</header>'
    )


def _notes(result: Result) -> str:
    penalties = [f"{penalty.cost:,}: {penalty.detail}" for penalty in result.penalties]
    notes = _note("Members left out", result.left_out)
    notes += _note("Soft policies that cost", penalties)
    return notes + _note("Warnings", result.warnings)


def _note(title: str, lines: Iterable[str]) -> str:
    items = [f"<li>{esc(line)}</li>" for line in lines]
    if not items:
        return ""
    open_ = " open" if len(items) <= MAX_OPEN_NOTES else ""
    summary = f"<summary>{esc(title)} ({len(items):,})</summary>"
    return f"<details{open_}>{summary}<ul>{''.join(items)}</ul></details>"


def summary_of(marks: Sequence[Mark], hosts: HostIndex) -> str:
    """Return one sentence: how many members, on how many hosts and domains."""
    if not marks:
        return "No member of the application is placed."
    new = [mark for mark in marks if mark.new]
    used_hosts = {mark.host for mark in marks}
    where = [f"{len(used_hosts):,} of {count(len(hosts), 'host')}"]
    for level in reversed(hosts.levels):
        domains = {hosts.domain(mark.host, level) for mark in marks} - {None}
        if domains:
            where.append(f"{len(domains):,} of {count(hosts.number_of_domains(level), level)}")
    placed = "No new member placed"
    if new:
        groups = {mark.group for mark in new}
        placed = f"{count(len(new), 'member')} of {count(len(groups), 'group')} placed"
    running = len(marks) - len(new)
    ran = f", {running:,} ran already" if running else ""
    return f"{placed}{ran}; the application uses {', '.join(where)}."


def _facts(result: Result, objective: Objective) -> dict[str, str]:
    value = "" if result.objective is None else f" {result.objective:,}"
    facts = {"objective": f"{objective}{value}"}
    if result.bound is not None:
        facts["proved bound"] = f"{result.bound:,}"
    if result.gap is not None:
        facts["gap"] = f"{100 * result.gap:.3g}\u00a0%"
    if result.penalties:
        facts["penalties"] = f"{sum(penalty.cost for penalty in result.penalties):,}"
    return facts | {"time": f"{result.seconds:.2f}\u00a0s"}
