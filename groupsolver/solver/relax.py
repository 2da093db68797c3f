"""Prices for what is scarce: a linear relaxation over few columns, a bound over all.

Blocks compete for hosts. The relaxation keeps what is linear of that competition (the room of
hosts, members of one group in one domain, first members on a host), solves it over a core of
promising slots with GLOP, and takes the rows' dual values as prices. Whatever these prices
are, Lagrange's bound at them is valid over all slots, so nothing here rests on the linear
solver's arithmetic; slots that are cheap at these prices join the core, until none does.

Source: column generation, Desrosiers & Luebbecke (2005), doi:10.1007/0-387-25486-2_1.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from groupsolver.check import unit_of
from groupsolver.constraints.ground import Ground
from groupsolver.constraints.partial import Partial
from groupsolver.constraints.scene import Rule, Scene
from groupsolver.constraints.view import View
from groupsolver.model.compiled import Floats, Ints, Mask
from groupsolver.model.value import HOST
from groupsolver.solver.blocks import Block
from groupsolver.solver.cut import Bounds, Ranked, bounds, rank
from groupsolver.solver.linear import LinearProgram
from groupsolver.solver.run import Run
from groupsolver.solver.slots import Slots
from groupsolver.solver.survey import Survey

ROUNDS = 8
SPARE = 6  # slots beyond those a lot needs that join the core
PARTS = (1, 2)  # a host's room also in units of just above a half and a third of it
DOMAINS = 4  # domains that join the core for a block which needs one


@dataclass
class Family:
    """Rows of one kind: ``sum(weight * slots taken in domain d) <= room[d]``.

    Attributes
    ----------
    codes : (H,) int64
        Domain of each host, -1 where the family says nothing.
    size : (lots,) int64
        What a member takes.
    room : (D,) int64
    unit : (D,) int64, optional
        Sizes and room are counted in whole units of this, rounded down (Chvatal 1973,
        doi:10.1016/0012-365X(73)90167-2): what is left over of a host serves nobody.
    first_only : bool
        Counts first slots alone.
    cap : float
        What a unit beyond the room costs, where that is allowed.
    dual : (D,) float64
        What one unit of room is worth, at least 0.
    """

    codes: Ints
    size: Ints
    room: Ints
    unit: Ints | None = None
    first_only: bool = False
    cap: float = np.inf
    dual: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self.dual = np.zeros(len(self.room))
        if self.unit is not None:
            self.room = self.room // self.unit

    def weights(self, slots: Slots, which: Ints | slice) -> Floats:
        """What each slot takes of its domain's row."""
        codes, found = self.codes[slots.row[which]], self.size[slots.lot[which]]
        if self.unit is not None:
            found = found // self.unit[np.maximum(codes, 0)]
        found = np.where(codes >= 0, found, 0).astype(np.float64)
        return found * slots.first[which] if self.first_only else found


@dataclass(frozen=True)
class Relaxed:
    """The best bound found, and the prices that gave it.

    Attributes
    ----------
    bounds : Bounds
    prices : (N,) float64
        Of each slot, what is scarce included.
    """

    bounds: Bounds
    prices: Floats


def relax(ground: Ground, survey: Survey, slots: Slots, blocks: list[Block], run: Run) -> Relaxed:
    """Bound the batch by itself, and then with prices for what is scarce."""
    plain = slots.price.astype(np.float64)
    ranked = rank(ground, slots, blocks, plain)
    base = float(_standing(ground.scene, survey))
    best = Relaxed(bounds(ground, slots, blocks, ranked, plain, base), plain)
    if not np.isfinite(best.bounds.lower):
        return best
    families = _families(ground, survey)
    credit = sum(block.price * block.credit(ground) for block in blocks)
    core = np.zeros(len(slots), dtype=np.bool_)
    prices = plain
    for _ in range(ROUNDS):
        if not _join(ground, slots, blocks, ranked, prices, core) or run.left() <= 0:
            break
        solved = _solve(ground, slots, blocks, families, core, run.left())
        if solved is None:
            break
        value, worth = solved
        prices, const = plain.copy(), base
        for family in families:
            at = family.codes[slots.row]
            prices += family.weights(slots, slice(None)) * family.dual[np.maximum(at, 0)]
            const -= float(family.dual @ family.room)
        ranked = rank(ground, slots, blocks, prices)
        found = bounds(ground, slots, blocks, ranked, prices, const, worth)
        if found.lower > best.bounds.lower:
            best = Relaxed(found, prices)
        if found.lower >= value + base - credit - 1e-4 * max(1.0, abs(value)):
            break
    return best


def _standing(scene: Scene, survey: Survey) -> int:
    """Give what soft policies cost for the running members alone, where that can only grow."""
    before = View(scene, {})
    return unit_of(survey.objective) * sum(
        (rule.policy.weight or 0) * rule.policy.violations(rule.group, before)
        for rule in scene.soft()
        if rule.policy.monotone
    )


def _families(ground: Ground, survey: Survey) -> list[Family]:
    """Give the rows: room of hosts, members of a group in a domain, first members on a host."""
    fleet, lots = ground.fleet, ground.lots
    here = fleet.codes(HOST)
    found = []
    for name in sorted({name for lot in lots for name, _ in lot.size}):
        weight = np.array([dict(lot.size).get(name, 0) for lot in lots], dtype=np.int64)
        free = fleet.free(name)
        found.append(Family(here, weight, free))
        found += [Family(here, weight, free, free // (parts + 1) + 1) for parts in PARTS]
    partial = Partial(ground, here)
    for rule in ground.scene.hard():
        below = ground.lots_below(rule.group)
        room = rule.policy.room(rule.group, partial)
        if room is not None and below and (rule.policy.at != HOST or len(below) > 1):
            found.append(_ceiling(ground, rule, below, room))
    if survey.beyond_first:
        ones = np.ones(len(fleet), dtype=np.int64)
        found.append(Family(here, np.ones(len(lots), dtype=np.int64), ones, None, True, survey.beyond_first))
    return found


def _ceiling(ground: Ground, rule: Rule, below: list[int], room: Ints) -> Family:
    level = str(rule.policy.at)
    codes = ground.fleet.codes(level)
    by_domain = np.zeros(ground.fleet.domains(level), dtype=np.int64)
    by_domain[codes[codes >= 0]] = room[codes >= 0]
    weight = np.zeros(len(ground.lots), dtype=np.int64)
    weight[below] = 1
    return Family(codes, weight, by_domain)


def _join(ground: Ground, slots: Slots, blocks: list[Block], ranked: dict[int, Ranked], prices: Floats, core: Mask) -> int:
    """Let the slots that are cheapest at some prices join the core; say how many are new."""
    before = int(core.sum())
    for block in blocks:
        total = np.sum([ranked[lot].total for lot in block.lots], axis=0)
        domains = np.argsort(total, kind="stable")[:DOMAINS]
        for lot in block.lots:
            own, need = ranked[lot], ground.lots[lot].number + SPARE
            codes = own.codes[own.order]
            if block.price:  # its members may stand anywhere too
                _take(slots, own, np.argsort(prices[own.part], kind="stable"), need, core)
            for code in domains[np.isfinite(total[domains])].tolist():
                here = own.order[np.searchsorted(codes, code) : np.searchsorted(codes, code, side="right")]
                _take(slots, own, here, need, core)
    return int(core.sum()) - before


def _take(slots: Slots, own: Ranked, order: Ints, need: int, core: Mask) -> None:
    """Let slots join the core in some order until they hold so many members."""
    ends = np.cumsum(np.minimum(slots.most[own.part][order], need))
    core[own.part.start + order[: int(np.searchsorted(ends, need)) + 1]] = True


def _solve(ground: Ground, slots: Slots, blocks: list[Block], families: list[Family], core: Mask, seconds: float) -> tuple[float, Floats] | None:
    """Solve the relaxation over the core and leave the duals in the families; give its value, and members' worth."""
    columns = np.flatnonzero(core)
    program = LinearProgram(slots.price[columns].astype(np.float64), slots.most[columns].astype(np.float64))
    # Columns that make any core feasible, dearer than anything in it.
    dear = 2.0 * float(np.abs(slots.price[columns]).max(initial=0)) + 1000.0
    place = np.full(len(slots), -1, dtype=np.int64)
    place[columns] = np.arange(len(columns))
    placed: dict[int, int] = {}
    for block in blocks:
        placed |= _post(ground, slots, block, program, place, columns, dear)
    posted = []
    for family in families:
        codes = family.codes[slots.row[columns]]
        weight = family.weights(slots, columns)
        used = np.flatnonzero((codes >= 0) & (weight > 0))
        load = np.bincount(codes[used], weights=(weight * slots.most[columns])[used], minlength=len(family.room))
        tight = load > family.room  # other rows cannot bind
        used = used[tight[codes[used]]]
        domains, at = np.unique(codes[used], return_inverse=True)
        rows = program.rows(used, at, weight[used], len(domains), high=family.room[domains].astype(np.float64), slack_cost=family.cap)
        posted.append((family, domains, rows))
    value, dual = program.solve(seconds)
    if value is None:
        return None
    for family, domains, rows in posted:
        family.dual[:] = 0
        family.dual[domains] = np.clip(-dual[rows], 0, family.cap)
    return value, np.array([dual[placed[lot]] if lot in placed else 0.0 for lot in range(len(ground.lots))])


def _post(
    ground: Ground, slots: Slots, block: Block, program: LinearProgram, place: Ints, columns: Ints, dear: float
) -> dict[int, int]:
    """Place every member of a block; give the rows that do so, by lot, where they are one each.

    Where members must share a domain, so many stand in each as the domain is chosen; where
    further domains have a price, a slot is open as far as its domain is.
    """
    placed: dict[int, int] = {}
    opened: dict[int, int] = {}
    used = block.used(ground)
    for lot in block.lots:
        part = slots.of(lot)
        at = place[part]
        at = at[at >= 0]
        number = np.array([float(ground.lots[lot].number)])
        if not block.whole:
            every = np.r_[at, program.columns(np.array([dear]), number)]
            row = program.rows(every, np.zeros(len(every), dtype=np.int64), np.ones(len(every)), 1, number, number)
            placed[lot] = int(row[0])
            if not block.price:
                continue
        codes = block.codes(ground, slots.row[columns[at]])
        at, codes = at[codes >= 0], codes[codes >= 0]
        for code in np.unique(codes).tolist():
            if code not in opened:
                opened[code] = program.column(0.0 if used[code] else float(block.price), 1.0)
        domains, where = np.unique(codes, return_inverse=True)
        pick = np.array([opened[code] for code in domains.tolist()], dtype=np.int64)
        ones, most = np.ones(len(at)), slots.most[columns[at]].astype(np.float64)
        if block.whole:
            inside, zero = np.arange(len(domains)), np.zeros(len(domains))
            chosen = np.r_[ones, np.repeat(-number, len(pick))]
            program.rows(np.r_[at, pick], np.r_[where, inside], chosen, len(domains), zero, zero)
        own = np.arange(len(at))
        program.rows(np.r_[at, pick[where]], np.r_[own, own], np.r_[ones, -most], len(at), high=np.zeros(len(at)))
    if block.whole:
        members = sum(ground.lots[lot].number for lot in block.lots)
        picks = np.array([*opened.values(), program.column(dear * members, 1.0)], dtype=np.int64)
        one = np.ones(1)
        program.rows(picks, np.zeros(len(picks), dtype=np.int64), np.ones(len(picks)), 1, one, one)
    return placed
