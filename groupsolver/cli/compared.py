"""Two answers beside each other, in a few words."""

from __future__ import annotations

from groupsolver.constraints import Application
from groupsolver.constraints.policy import number
from groupsolver.model.result import Result


def compared(app: Application, before: Result, other: Application, after: Result) -> str:
    """Say what became possible or impossible, or how the placements differ."""
    if before.placement is None or after.placement is None:
        if after.placed:
            possible = "the changes make it possible" if before.status == "infeasible" else "with the changes it fits"
        elif after.status == "infeasible":
            possible = "the changes make it impossible" if before.placed else "the changes do not make it possible"
        else:
            return "whether the changes do could not be told in time"
        return possible
    old, new = _standing(app, before.placement), _standing(other, after.placement)
    both = old.keys() & new.keys()
    elsewhere = sum(old[id_] != new[id_] for id_ in both)
    stand = "stands" if elsewhere == 1 else "stand"
    told = [f"{elsewhere} of {number(len(both), 'member')} {stand} on another host"]
    if more := len(new) - len(both):
        told.append(number(more, "member") + " more")
    if fewer := len(old) - len(both):
        told.append(number(fewer, "member") + " less" if fewer == 1 else f"{fewer} members fewer")
    return "; ".join([_objective((after.objective or 0) - (before.objective or 0)), *told])


def _objective(difference: int) -> str:
    if not difference:
        return "the same objective"
    return f"objective {abs(difference)} {'higher' if difference > 0 else 'lower'}"


def _standing(app: Application, placement: dict[str, str]) -> dict[str, str]:
    """Give the host of every member, running ones too."""
    return {there.id: there.host for there in app.existing} | placement
