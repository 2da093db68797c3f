"""A placement under construction, one member at a time: what the builders and the baselines share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.problem.compiled_problem import Ground
from groupsolver.constraints.problem.partial import Partial
from groupsolver.model.compiled.compiled_fleet import Ints, Mask
from groupsolver.model.value import HOST

Choose = Callable[[int, Mask], int]  # lot and the rows open to it -> the row to take

_BOUND = (Affinity, NetworkProximity)  # to one domain


class Board:
    """Free room and counts, kept in step while members are put down and taken up.

    Parameters
    ----------
    ground : Ground
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.partial = Partial(ground, np.arange(len(ground.fleet), dtype=np.int64))
        self.free = {name: ground.fleet.free(name).copy() for lot in ground.lots for name, _ in lot.size}
        self.rows: dict[str, int] = {}
        # Ready, suited and large enough: what does not change while members come and go.
        self._fit = [(ground.fleet.slots(dict(lot.size), 1) > 0) & ground.suited(lot.group) for lot in ground.lots]

    def open_to(self, lot: int) -> Mask:
        """(H,) bool: where the next member of a lot may go, by room and every hard policy."""
        here = self.ground.lots[lot]
        mask = self._fit[lot].copy()
        for name, amount in here.size:
            mask &= self.free[name] >= amount
        for rule in self.ground.rules_counting(here.group):
            if rule.policy.hard:
                allowed = rule.policy.allowed(rule.group, here.group, self.partial)
                if allowed is not None:
                    mask &= allowed
        return mask

    def put(self, lot: int, id_: str, row: int) -> None:
        """Put a member down."""
        self._move(lot, row, 1)
        self.rows[id_] = row

    def take(self, lot: int, id_: str) -> None:
        """Take a member up again."""
        self._move(lot, self.rows.pop(id_), -1)

    def _move(self, lot: int, row: int, number: int) -> None:
        here = self.ground.lots[lot]
        for name, amount in here.size:
            self.free[name][row] -= number * amount
        (self.partial.put if number > 0 else self.partial.take)(here.group, row)

    def placement(self) -> dict[str, str]:
        """Give the host of each member that is down."""
        return {id_: self.ground.fleet.names[row] for id_, row in self.rows.items()}

    def place_group(self, group: str, choose: Choose, start: Mask | None = None) -> bool:
        """Put a group's own members down, all of them or none; `start` bounds where the first goes."""
        down: list[tuple[int, str]] = []
        for lot in self.lots_of(group):
            for id_ in self.ground.lots[lot].ids:
                mask = self.open_to(lot)
                if start is not None and not down:
                    mask &= start
                if not mask.any():
                    for placed in reversed(down):
                        self.take(*placed)
                    return False
                self.put(lot, id_, choose(lot, mask))
                down.append((lot, id_))
        return True

    def lots_of(self, group: str) -> list[int]:
        """Give a group's own lots, largest members first."""
        lots = [i for i, lot in enumerate(self.ground.lots) if lot.group == group]
        return sorted(lots, key=lambda i: self.ground.lots[i].size, reverse=True)

    def roomy(self, group: str) -> Mask:
        """(H,) bool: hosts in domains that could hold a group which must share one, by counting alone."""
        ground, lots = self.ground, self.lots_of(group)
        mask = np.ones(len(ground.fleet), dtype=np.bool_)
        rules = [rule.policy for rule in ground.scene.rules_over(group) if rule.policy.hard]
        apart = [policy.max_per_domain for policy in rules if isinstance(policy, AntiAffinity) and policy.level == HOST]
        for level in {policy.level for policy in rules if isinstance(policy, _BOUND) and policy.level}:
            if level == HOST:
                for name, free in self.free.items():
                    mask &= free >= sum(dict(ground.lots[i].size).get(name, 0) * ground.lots[i].number for i in lots)
                continue
            codes = ground.fleet.codes(level)
            for i in lots:
                slots = self._slots(i, min(apart, default=ground.lots[i].number))
                held = np.bincount(codes[codes >= 0], slots[codes >= 0], ground.fleet.domains(level))
                mask &= (codes >= 0) & (held[codes] >= ground.lots[i].number)
        return mask

    def _slots(self, lot: int, most: int) -> Ints:
        slots = np.where(self.open_to(lot), np.int64(most), np.int64(0))
        for name, amount in self.ground.lots[lot].size:
            slots = np.minimum(slots, self.free[name] // amount)
        return slots


def targets_first(ground: Ground, groups: Sequence[str]) -> list[str]:
    """Reorder groups so that one which another must be ``near`` to comes before it."""
    wants: dict[str, set[str]] = {group: set() for group in groups}
    for rule in ground.scene.hard():
        if isinstance(rule.policy, Near):
            for group in ground.scene.below[rule.group] & wants.keys():
                wants[group] |= ground.scene.below[rule.policy.group] & wants.keys()
    order: list[str] = []
    left = list(groups)
    while left:
        # Where they wait for each other in a ring, the first goes first.
        ready = next((group for group in left if wants[group] <= {*order, group}), left[0])
        order.append(ready)
        left.remove(ready)
    return order


def own_groups(ground: Ground) -> list[str]:
    """Give the groups that have members to be placed, in the file's order."""
    return list(dict.fromkeys(lot.group for lot in ground.lots))


def plant(ground: Ground, rng: np.random.Generator, tries: int = 8) -> dict[str, str] | None:
    """Put every member down at random, as far as policies and room let it; None where that fails."""
    board = Board(ground)

    def anywhere(_lot: int, mask: Mask) -> int:
        return int(rng.choice(np.flatnonzero(mask)))

    bound = [group for group in own_groups(ground) if not board.roomy(group).all()]
    order = bound + [group for group in own_groups(ground) if group not in bound]
    for group in targets_first(ground, order):
        if not any(board.place_group(group, anywhere, board.roomy(group)) for _ in range(tries)):
            return None
    return board.placement()
