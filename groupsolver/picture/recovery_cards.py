"""Where members find a place again after the loss of a domain, for the cards of what is drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.protocols.survivability import FailureModel, failure_model
from groupsolver.constraints.rules import rules_of
from groupsolver.model.fleet import Host
from groupsolver.model.result import Witness
from groupsolver.model.value import HOST, Domain

MAX_LOSSES = 1000
MAX_MEMBERS = 20  # of one loss; more are only counted
_BETWEEN = " + "  # names of domains that are lost together


class RecoveryCards:
    """The recoveries of a result's witness, found by the domains that are lost.

    Parameters
    ----------
    problem : Problem
    witness : Witness or None
    drawn_levels : collection of str
        The levels that are drawn as frames; losses at others are on the cards of their hosts.

    Attributes
    ----------
    cards : list of dict
        One for each loss: ``t`` what is lost, ``w`` the group, ``m`` members with their hosts,
        ``n`` how many members there are.
    """

    def __init__(
        self, problem: Problem, witness: Witness | None, drawn_levels: Collection[str]
    ) -> None:
        self._problem = problem
        self._drawn_levels = drawn_levels
        self._of_domain: dict[Domain, list[int]] = {}
        self.cards: list[dict[str, Any]] = []
        models = list(_failure_models(problem))
        # Each key is compared with each policy: of a long witness, the first losses alone.
        for key, placement in islice((witness or {}).items(), MAX_LOSSES):
            if placement:
                found = self._loss_of(key, models)
                if found is not None:
                    self._add(*found, placement)

    def of_domain(self, level: str, name: str | None) -> list[int]:
        """Return the numbers of the cards of a domain's losses."""
        return [] if name is None else self._of_domain.get((level, name), [])

    def of_host(self, host: Host) -> list[int]:
        """Return the same of a host, and of its domains that are not drawn."""
        if not self.cards:
            return []
        found = [*self.of_domain(HOST, host.name)]
        for level, name in host.domains.items():
            if level not in self._drawn_levels:
                found += self.of_domain(level, name)
        return found

    def _add(self, group: str, loss: Loss, placement: dict[str, str]) -> None:
        for name in loss.domains:
            self._of_domain.setdefault((loss.level, name), []).append(len(self.cards))
        moves = [list(move) for move in placement.items()]
        self.cards.append(
            {"t": str(loss), "w": group, "m": moves[:MAX_MEMBERS], "n": len(placement)}
        )

    def _loss_of(self, key: str, models: list[tuple[str, FailureModel]]) -> tuple[str, Loss] | None:
        """Return the group and the loss of a witness's key, as `Loss.key` writes it."""
        for group, model in models:
            start = f"{group}: {model.level} "
            if key.startswith(start):
                names = self._domains_in(key.removeprefix(start), model.level)
                if names:
                    return group, Loss(model.level, names)
        return None

    def _domains_in(self, words: str, level: str) -> tuple[str, ...]:
        """Return the domains that are named one after the other; none where some are not known.

        A name may itself have what stands between two names: the longest that is known counts.
        """
        pieces = words.split(_BETWEEN)
        names: list[str] = []
        start = 0
        while start < len(pieces):
            for end in range(len(pieces), start, -1):
                name = _BETWEEN.join(pieces[start:end])
                if self._problem.hosts.number_in(level, name):
                    names.append(name)
                    start = end
                    break
            else:
                return ()
        return tuple(names)


def _failure_models(problem: Problem) -> Iterator[tuple[str, FailureModel]]:
    """Yield what groups are to survive."""
    for rule in rules_of(problem).all:
        model = failure_model(rule.policy)
        if model is not None:
            yield rule.group, model
