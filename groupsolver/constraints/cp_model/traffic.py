"""What a group may send over the links that leave each domain: the hose model over arrays, and in a CP-SAT model.

Amounts here are in members; times a member's rate they are Mbit/s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from groupsolver.constraints.cp_model.linear_expr import Linear
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.model.compiled.compiled_fleet import Ints, Mask

if TYPE_CHECKING:
    from groupsolver.constraints.cp_model.model_builder import ModelBuilder


class Flow(NamedTuple):
    """Traffic among the members of a group, or between those of two groups."""

    group: str
    to: str | None

    def pairs(self, mine: Ints, sum_: int, theirs: Ints | None = None, other: int = 0) -> Ints:
        """Give what crosses each cut, (D,), where so many of all members stand inside."""
        if theirs is None:
            return np.minimum(mine, sum_ - mine)
        crossing: Ints = np.minimum(mine, other - theirs) + np.minimum(theirs, sum_ - mine)
        return crossing


def before(compiled: CompiledProblem, flow: Flow, level: str) -> Ints:
    """(D,) int64: what running members alone send over the links that leave each domain."""
    mine, sum_ = _running(compiled, flow.group, level)
    if flow.to is None:
        return flow.pairs(mine, sum_)
    return flow.pairs(mine, sum_, *_running(compiled, flow.to, level))


def _running(compiled: CompiledProblem, group: str, level: str) -> tuple[Ints, int]:
    inside = compiled.running(group, level)
    return inside, int(inside.sum()) + compiled.running_without_domain(group, level)


def most(compiled: CompiledProblem, flow: Flow, level: str) -> Ints:
    """(D,) int64: at most how much crosses each cut, wherever the new members go."""
    mine, mine_in, mine_out = _spans(compiled, flow.group, level)
    if flow.to is None:
        return np.minimum(np.minimum(mine_in, mine_out), mine // 2)
    _, their_in, their_out = _spans(compiled, flow.to, level)
    peak: Ints = np.minimum(mine_in, their_out) + np.minimum(their_in, mine_out)
    return peak


def _spans(compiled: CompiledProblem, group: str, level: str) -> tuple[int, Ints, Ints]:
    """How many members there are, and how many at most inside and outside of each domain."""
    inside, size = compiled.running(group, level), compiled.problem.size(group)
    new = size - len(compiled.problem.running(group))
    return size, inside + new, size - inside


def after(partial: Partial, flow: Flow, level: str, who: str) -> tuple[Ints, Ints]:
    """(D,) each: what crosses each cut once a member of group `who` is put inside of it, or outside."""
    counted = partial.problem.below
    mine, sum_ = _so_far(partial, flow.group, level)
    one = int(who in counted[flow.group])
    if flow.to is None:
        return flow.pairs(mine + one, sum_ + one), flow.pairs(mine, sum_ + one)
    theirs, other = _so_far(partial, flow.to, level)
    two = int(who in counted[flow.to])
    inside = flow.pairs(mine + one, sum_ + one, theirs + two, other + two)
    return inside, flow.pairs(mine, sum_ + one, theirs, other + two)


def grown(partial: Partial, flow: Flow, level: str) -> tuple[Ints, Ints]:
    """(K,) each: domains with members so far, and how much more crosses their cuts than did before any new one."""
    mine, sum_ = _so_far(partial, flow.group, level)
    if flow.to is None:
        at = np.flatnonzero(mine)
        now = flow.pairs(mine[at], sum_)
    else:
        theirs, other = _so_far(partial, flow.to, level)
        at = np.flatnonzero(mine + theirs)
        now = flow.pairs(mine[at], sum_, theirs[at], other)
    return at, now - before(partial.compiled, flow, level)[at]


def _so_far(partial: Partial, group: str, level: str) -> tuple[Ints, int]:
    return partial.counts(group, level), partial.problem.size(group) - partial.left(group)


# In a model.


def crossing(
    builder: ModelBuilder, flow: Flow, level: str, which: Mask
) -> dict[int, list[tuple[Linear, Linear]]]:
    """Give, for each marked domain that may hold any, the pairs of counts whose lesser ones together cross its cut."""
    size = builder.compiled.problem.size
    mine = _inside(builder, flow.group, level, which)
    if flow.to is None:
        return {code: [(count, _rest(count, size(flow.group)))] for code, count in mine.items()}
    theirs, none = _inside(builder, flow.to, level, which), Linear()
    pairs = {code: (mine.get(code, none), theirs.get(code, none)) for code in mine | theirs}
    return {
        code: [(one, _rest(other, size(flow.to))), (other, _rest(one, size(flow.group)))]
        for code, (one, other) in pairs.items()
    }


def _rest(count: Linear, size: int) -> Linear:
    return count.times(-1).plus(size)


def _inside(builder: ModelBuilder, group: str, level: str, which: Mask) -> dict[int, Linear]:
    """Count a group's members, running ones too, in each marked domain that may hold any."""
    running, codes = builder.compiled.running(group, level), builder.compiled.fleet.codes(level)
    found = {
        code: Linear(const=int(running[code]))
        for code in np.flatnonzero(which & (running > 0)).tolist()
    }
    for member_class in builder.compiled.member_classes_below(group):
        here = codes[builder.rows[member_class]]
        stands = np.flatnonzero((here >= 0) & which[here])
        for code, at in zip(here[stands].tolist(), stands.tolist(), strict=True):
            there = found.setdefault(code, Linear())
            there.vars.append(builder.placed[member_class][at])
            there.coefs.append(1)
    return found


def ceiling(builder: ModelBuilder, pairs: list[tuple[Linear, Linear]]) -> int:
    """Give at most how much crosses, by the bounds of the counts."""
    most = 0
    for one, other in pairs:
        high = min(builder.high(one), builder.high(other))
        most += min(high, (one.const + other.const) // 2) if _whole(one, other) else high
    return most


def _whole(one: Linear, other: Linear) -> bool:
    """Whether two counts are the parts of one fixed number."""
    return one.vars == other.vars and one.coefs == [-c for c in other.coefs]


def lesser(builder: ModelBuilder, one: Linear, other: Linear) -> Linear:
    """Give what is at least the lesser of two counts: tight where that is cheaper."""
    high, least = (
        (builder.high(one), builder.high(other)),
        (-builder.high(one.times(-1)), -builder.high(other.times(-1))),
    )
    if high[0] <= least[1]:
        return one
    if high[1] <= least[0]:
        return other
    floor = max(0, min(least))
    value, choice = builder.number(max(1, min(high))), builder.number(1)
    # Where `choice` is 0, at least the one; where it is 1, at least the other.
    builder.at_most(one.plus(Linear([value, choice], [-1, floor - high[0]])), 0)
    builder.at_most(other.plus(Linear([value, choice], [-1, high[1] - floor])), high[1] - floor)
    return Linear([value], [1])
