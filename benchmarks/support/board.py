"""A placement under construction, one member at a time.

What the builders and the baselines share.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from groupsolver.constraints.eligibility import suited
from groupsolver.constraints.policies.affinity import Affinity
from groupsolver.constraints.policies.anti_affinity import AntiAffinity, limit_of
from groupsolver.constraints.policies.near import Near
from groupsolver.constraints.policies.network_proximity import NetworkProximity
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.value import HOST

Choose = Callable[[int, Mask], int]  # member class and the rows open to it -> the row to take

_BOUND = (Affinity, NetworkProximity)  # to one domain


class Board:
    """Free room and counts, kept in step while members are put down and taken up.

    Parameters
    ----------
    compiled problem : CompiledProblem
    """

    def __init__(self, compiled: CompiledProblem) -> None:
        self.compiled = compiled
        self.partial = Partial(compiled, np.arange(compiled.fleet.row_count, dtype=np.int64))
        self.free = {
            name: compiled.fleet.free(name).copy()
            for member_class in compiled.member_classes
            for name, _ in member_class.size
        }
        self.rows: dict[str, int] = {}
        # Of each group, largest members first: looked up for every group that is tried.
        self._classes: dict[str, list[int]] = {}
        largest_first = sorted(
            range(len(compiled.member_classes)),
            key=lambda i: compiled.member_classes[i].size,
            reverse=True,
        )
        for i in largest_first:
            self._classes.setdefault(compiled.member_classes[i].group, []).append(i)
        # Ready, suited and large enough: what does not change while members come and go.
        self._fit = [
            (compiled.fleet.slots(dict(member_class.size), 1) > 0)
            & suited(compiled, member_class.group)
            for member_class in compiled.member_classes
        ]

    def open_to(self, member_class: int) -> Mask:
        """(H,) bool: where the next member of a member class may go.

        By room and every hard policy.
        """
        here = self.compiled.member_classes[member_class]
        mask = self._fit[member_class].copy()
        for name, amount in here.size:
            mask &= self.free[name] >= amount
        for rule in rules_of(self.compiled.problem).counting(here.group):
            if rule.policy.hard:
                allowed = rule.policy.allowed(rule.group, here.group, self.partial)
                if allowed is not None:
                    mask &= allowed
        return mask

    def put(self, member_class: int, id_: str, row: int) -> None:
        """Put a member down."""
        self._move(member_class, row, 1)
        self.rows[id_] = row

    def take(self, member_class: int, id_: str) -> None:
        """Take a member up again."""
        self._move(member_class, self.rows.pop(id_), -1)

    def _move(self, member_class: int, row: int, number: int) -> None:
        here = self.compiled.member_classes[member_class]
        for name, amount in here.size:
            self.free[name][row] -= number * amount
        (self.partial.put if number > 0 else self.partial.take)(here.group, row)

    def placement(self) -> dict[str, str]:
        """Return the host of each member that is down."""
        return {id_: self.compiled.fleet.names[row] for id_, row in self.rows.items()}

    def place_group(self, group: str, choose: Choose, start: Mask | None = None) -> bool:
        """Put a group's own members down, all of them or none.

        `start` bounds where the first goes.
        """
        down: list[tuple[int, str]] = []
        for member_class in self.member_classes_of(group):
            for id_ in self.compiled.member_classes[member_class].ids:
                mask = self.open_to(member_class)
                if start is not None and not down:
                    mask &= start
                if not mask.any():
                    for placed in reversed(down):
                        self.take(*placed)
                    return False
                self.put(member_class, id_, choose(member_class, mask))
                down.append((member_class, id_))
        return True

    def member_classes_of(self, group: str) -> list[int]:
        """Return a group's own member classes, largest members first."""
        return self._classes.get(group, [])

    def roomy(self, group: str) -> Mask:
        """(H,) bool: hosts in domains that could hold a group which must share one.

        By counting alone.
        """
        compiled, member_classes = self.compiled, self.member_classes_of(group)
        mask = np.ones(compiled.fleet.row_count, dtype=np.bool_)
        hard = [rule for rule in rules_of(compiled.problem).over(group) if rule.policy.hard]
        rules = [rule.policy for rule in hard]
        apart = [
            limit_of(rule.policy, rule.group, compiled.problem)
            for rule in hard
            if isinstance(rule.policy, AntiAffinity) and rule.policy.level == HOST
        ]
        for level in {
            policy.level for policy in rules if isinstance(policy, _BOUND) and policy.level
        }:
            if level == HOST:
                for name, free in self.free.items():
                    mask &= free >= sum(
                        dict(compiled.member_classes[i].size).get(name, 0)
                        * compiled.member_classes[i].number
                        for i in member_classes
                    )
                continue
            codes = compiled.fleet.codes(level)
            for i in member_classes:
                slots = self._slots(i, min(apart, default=compiled.member_classes[i].number))
                held = np.bincount(
                    codes[codes >= 0], slots[codes >= 0], compiled.fleet.domains(level)
                )
                mask &= (codes >= 0) & (held[codes] >= compiled.member_classes[i].number)
        return mask

    def _slots(self, member_class: int, most: int) -> Ints:
        slots = np.where(self.open_to(member_class), np.int64(most), np.int64(0))
        for name, amount in self.compiled.member_classes[member_class].size:
            slots = np.minimum(slots, self.free[name] // amount)
        return slots


def targets_first(compiled: CompiledProblem, groups: Sequence[str]) -> list[str]:
    """Reorder groups so that one which another must be ``near`` to comes before it."""
    wants: dict[str, set[str]] = {group: set() for group in groups}
    for rule in rules_of(compiled.problem).hard:
        if isinstance(rule.policy, Near):
            for group in compiled.problem.below[rule.group] & wants.keys():
                wants[group] |= compiled.problem.below[rule.policy.group] & wants.keys()
    order: list[str] = []
    left = list(groups)
    while left:
        # Where they wait for each other in a ring, the first goes first.
        ready = next((group for group in left if wants[group] <= {*order, group}), left[0])
        order.append(ready)
        left.remove(ready)
    return order


def own_groups(compiled: CompiledProblem) -> list[str]:
    """Return the groups that have members to be placed, in the file's order."""
    return list(dict.fromkeys(member_class.group for member_class in compiled.member_classes))


def plant(
    compiled: CompiledProblem, rng: np.random.Generator, tries: int = 8
) -> dict[str, str] | None:
    """Put every member down at random, as far as policies and room let it.

    None where that fails.
    """
    board = Board(compiled)

    def anywhere(_lot: int, mask: Mask) -> int:
        return int(rng.choice(np.flatnonzero(mask)))

    bound = [group for group in own_groups(compiled) if not board.roomy(group).all()]
    order = bound + [group for group in own_groups(compiled) if group not in bound]
    for group in targets_first(compiled, order):
        if not any(board.place_group(group, anywhere, board.roomy(group)) for _ in range(tries)):
            return None
    return board.placement()
