"""More room: the fewest hosts to be added, or to have something freed on them.

One model for both. To the candidates of the batch come hosts that are not there yet, or more room on
hosts that are; each that is used has a price, and the sum is minimised by CP-SAT, all rules being hard.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from groupsolver.constraints.encoding import Encoding
from groupsolver.constraints.ground import Ground
from groupsolver.constraints.scene import Scene
from groupsolver.constraints.terms import Linear
from groupsolver.model.application import Application
from groupsolver.model.compiled import CompiledFleet, Ints
from groupsolver.solver.cuts import links
from groupsolver.solver.exact import RATE, search
from groupsolver.solver.reduce import reduce
from groupsolver.solver.room import capacity
from groupsolver.solver.run import Run
from groupsolver.solver.survey import survey

UNIT = 1000  # points of a host: below it, which of several is preferred


@dataclass(frozen=True)
class Larger:
    """A fleet with more room than there is.

    Attributes
    ----------
    fleet : CompiledFleet
    rows : (N,) int64
        Where there is more.
    before : CompiledFleet
        What is free there without a price; hosts that it lacks are new.
    rank : (N,) int64
        Below `UNIT`: which hosts are preferred.
    """

    fleet: CompiledFleet
    rows: Ints
    before: CompiledFleet
    rank: Ints


def fewest(app: Application[Any], larger: Larger, run: Run, seconds: float) -> dict[int, dict[str, int]] | None:
    """Give the hosts that a batch needs more room on, the fewest, and what it takes there.

    Parameters
    ----------
    app : Application
        Without soft policies.

    Returns
    -------
    dict of int to dict of str to int, or None
        Load by row of each such host; None where no number is enough, or none was found in time.
    """
    ground = Ground(Scene(app, larger.fleet.index), larger.fleet)
    known = survey(ground, "cost")
    kept = [_widened(rows, larger.rows, most) for rows, most in zip(reduce(ground, known), known.most, strict=True)]
    if sum(map(len, kept)) > RATE * seconds:
        return None
    most = [known.most[lot][rows] for lot, rows in enumerate(kept)]
    enc = Encoding(ground, kept, most, 1)
    capacity(enc)
    links(enc)
    for rule in ground.scene.rules:
        rule.policy.encode(rule, enc)
    _price(enc, larger)
    enc.minimize()
    answer = search(enc, run, seconds, 0.0)
    if answer.placement is None:
        return None
    loads: dict[int, dict[str, int]] = {}
    for lot, row in answer.placement:
        there = loads.setdefault(row, {})
        for name, amount in ground.lots[lot].size:
            there[name] = there.get(name, 0) + amount
    return {row: loads[row] for row in larger.rows.tolist() if row in loads and _more(row, loads[row], larger)}


def _widened(rows: Ints, more: Ints, most: Ints) -> Ints:
    wide: Ints = np.union1d(rows, more[most[more] > 0])
    return wide


def _more(row: int, load: dict[str, int], larger: Larger) -> bool:
    """Whether a load needs more on a row than there is."""
    name = larger.fleet.names[row]
    if name not in larger.before.rows or not larger.before.ready[row]:
        return True
    return any(amount > larger.before.free(resource)[row] for resource, amount in load.items())


def _price(enc: Encoding, larger: Larger) -> None:
    """Price each host that is new and used, or that must give more than is free."""
    rank = dict(zip(larger.rows.tolist(), larger.rank.tolist(), strict=True))
    loads: dict[int, dict[str, Linear]] = {}
    for lot, rows in enumerate(enc.rows):
        for row, var in zip(rows.tolist(), enc.placed[lot], strict=True):
            if row in rank:
                for name, amount in enc.ground.lots[lot].size:
                    load = loads.setdefault(row, {}).setdefault(name, Linear())
                    load.vars.append(var)
                    load.coefs.append(amount)
    for row, points in rank.items():
        if row not in enc.landed:
            continue
        name = larger.fleet.names[row]
        if name not in larger.before.rows or not larger.before.ready[row]:
            enc.charge(enc.some(enc.landed[row]), UNIT + points)
            continue
        opened = enc.number(1)
        for resource, load in loads.get(row, {}).items():
            free = int(larger.before.free(resource)[row])
            more = int(larger.fleet.free(resource)[row]) - free
            enc.at_most(load.plus(Linear([opened], [-more])), free)
        enc.charge(Linear([opened], [1]), UNIT + points)
