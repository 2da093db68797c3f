"""What a group may send over the links that leave each domain, over arrays and in a CP-SAT model.

The hose model: of a group's members ``min(inside, outside)`` send over the cut of a domain at once.
Amounts here are in members; times a member's rate they are Mbit/s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.model.compiled.arrays import Ints, Mask

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Flow(NamedTuple):
    """Traffic among the members of a group, or between those of two groups."""

    group: str
    to: str | None

    def pairs(self, mine: Ints, size: int, theirs: Ints | None = None, other: int = 0) -> Ints:
        """Return what crosses each cut, (D,) int64, of groups of `size` and `other` members.

        `mine` and `theirs` are how many of these are inside of each domain.
        """
        if theirs is None:
            return np.minimum(mine, size - mine)
        crossing: Ints = np.minimum(mine, other - theirs) + np.minimum(theirs, size - mine)
        return crossing


def before(compiled: CompiledProblem, flow: Flow, level: str) -> Ints:
    """Return what running members alone send over the links that leave each domain, (D,) int64."""
    mine, size = _running(compiled, flow.group, level)
    if flow.to is None:
        return flow.pairs(mine, size)
    return flow.pairs(mine, size, *_running(compiled, flow.to, level))


def _running(compiled: CompiledProblem, group: str, level: str) -> tuple[Ints, int]:
    inside = compiled.running(group, level)
    return inside, int(inside.sum()) + compiled.running_without_domain(group, level)


def most(compiled: CompiledProblem, flow: Flow, level: str) -> Ints:
    """Return at most how much crosses each cut, wherever the new members go, (D,) int64."""
    mine, mine_in, mine_out = _spans(compiled, flow.group, level)
    if flow.to is None:
        return np.minimum(np.minimum(mine_in, mine_out), mine // 2)
    _, their_in, their_out = _spans(compiled, flow.to, level)
    peak: Ints = np.minimum(mine_in, their_out) + np.minimum(their_in, mine_out)
    return peak


def _spans(compiled: CompiledProblem, group: str, level: str) -> tuple[int, Ints, Ints]:
    """Return how many members there are, and how many at most inside and outside of each domain."""
    inside = compiled.running(group, level)
    size = compiled.problem.size(group)
    new = size - len(compiled.problem.running(group))
    return size, inside + new, size - inside


def after(partial: Partial, flow: Flow, level: str, member_group: str) -> tuple[Ints, Ints]:
    """Return what crosses each cut once a member is put inside of it, or outside.

    (D,) int64 each.
    """
    counted = partial.problem.below
    mine, size = _so_far(partial, flow.group, level)
    one = int(member_group in counted[flow.group])
    size += one
    if flow.to is None:
        return flow.pairs(mine + one, size), flow.pairs(mine, size)
    theirs, other = _so_far(partial, flow.to, level)
    two = int(member_group in counted[flow.to])
    other += two
    inside = flow.pairs(mine + one, size, theirs + two, other)
    outside = flow.pairs(mine, size, theirs, other)
    return inside, outside


def grown(partial: Partial, flow: Flow, level: str) -> tuple[Ints, Ints]:
    """Return the domains with members so far, and how much more crosses their cuts now.

    More than crossed them before any new member; (K,) int64 each.
    """
    mine, size = _so_far(partial, flow.group, level)
    if flow.to is None:
        at = np.flatnonzero(mine)
        now = flow.pairs(mine[at], size)
    else:
        theirs, other = _so_far(partial, flow.to, level)
        at = np.flatnonzero(mine + theirs)
        now = flow.pairs(mine[at], size, theirs[at], other)
    return at, now - before(partial.compiled, flow, level)[at]


def _so_far(partial: Partial, group: str, level: str) -> tuple[Ints, int]:
    return partial.counts(group, level), partial.problem.size(group) - partial.left(group)


# In a model.


def crossing(
    builder: ModelBuilder, flow: Flow, level: str, which: Mask
) -> dict[int, list[tuple[Linear, Linear]]]:
    """Return for each marked domain that may hold any what crosses its cut, as pairs of counts.

    The lesser count of each pair crosses: of n members, ``min(inside, n - inside)``.
    """
    size = builder.compiled.problem.size
    mine = _inside(builder, flow.group, level, which)
    if flow.to is None:
        return {code: [(count, _rest(count, size(flow.group)))] for code, count in mine.items()}
    theirs = _inside(builder, flow.to, level, which)
    none = Linear()
    pairs = {code: (mine.get(code, none), theirs.get(code, none)) for code in mine | theirs}
    return {
        code: [(one, _rest(other, size(flow.to))), (other, _rest(one, size(flow.group)))]
        for code, (one, other) in pairs.items()
    }


def _rest(count: Linear, size: int) -> Linear:
    return count.times(-1).plus(size)


def _inside(builder: ModelBuilder, group: str, level: str, which: Mask) -> dict[int, Linear]:
    """Count a group's members, running ones too, in each marked domain that may hold any."""
    running = builder.compiled.running(group, level)
    codes = builder.compiled.fleet.codes(level)
    found = {
        code: Linear(const=int(running[code]))
        for code in np.flatnonzero(which & (running > 0)).tolist()
    }
    for member_class in builder.compiled.member_classes_below(group):
        here = codes[builder.rows[member_class]]
        on_links = np.flatnonzero((here >= 0) & which[here])
        for code, at in zip(here[on_links].tolist(), on_links.tolist(), strict=True):
            there = found.setdefault(code, Linear())
            there.vars.append(builder.placed[member_class][at])
            there.coefs.append(1)
    return found


def ceiling(builder: ModelBuilder, pairs: list[tuple[Linear, Linear]]) -> int:
    """Return at most how much crosses, by the bounds of the counts."""
    most = 0
    for one, other in pairs:
        high = min(builder.high(one), builder.high(other))
        most += min(high, (one.const + other.const) // 2) if _whole(one, other) else high
    return most


def _whole(one: Linear, other: Linear) -> bool:
    """Return whether two counts are the parts of one fixed number."""
    return one.vars == other.vars and one.coefs == [-c for c in other.coefs]


def lesser(builder: ModelBuilder, one: Linear, other: Linear) -> Linear:
    """Return what is at least the lesser of two counts: tight where that is cheaper."""
    one_most, other_most = builder.high(one), builder.high(other)
    one_least, other_least = -builder.high(one.times(-1)), -builder.high(other.times(-1))
    if one_most <= other_least:
        return one
    if other_most <= one_least:
        return other
    floor = max(0, min(one_least, other_least))
    value = builder.number(max(1, min(one_most, other_most)))
    choice = builder.number(1)
    # Where `choice` is 0, at least the one; where it is 1, at least the other.
    builder.at_most(one.plus(Linear([value, choice], [-1, floor - one_most])), 0)
    slack = other_most - floor
    builder.at_most(other.plus(Linear([value, choice], [-1, slack])), slack)
    return Linear([value], [1])
