"""A policy that answers none of the subsystems' questions has the safe default of each."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Literal

import numpy as np
import pytest

from groupsolver import POLICIES, compile_fleet
from groupsolver.constraints import protocols
from groupsolver.constraints.cp_model.model_builder import ModelBuilder
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.problem.conflict_facts import Facts
from groupsolver.constraints.problem.partial import Partial
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.constraints.protocols.checking import broken_by, witness_of
from groupsolver.constraints.protocols.conflicts import (
    depends_on_usage,
    evidence_of,
    groups_helping,
    pieces_of,
    rests_on,
    weaker_versions,
)
from groupsolver.constraints.protocols.exclusivity import admits_project, allowed_cohabitants
from groupsolver.constraints.protocols.fleet_validation import measure_ceiling, needs_links
from groupsolver.constraints.protocols.headroom import balanced_window, most_in_one_domain
from groupsolver.constraints.protocols.heuristic import follows_target
from groupsolver.constraints.protocols.host_filters import admits, required_traits
from groupsolver.constraints.protocols.levels import level_on
from groupsolver.constraints.protocols.network import loads_links
from groupsolver.constraints.protocols.presolve import (
    host_equivalence,
    host_labels,
    limit_per_domain,
)
from groupsolver.constraints.protocols.relaxation import (
    keeps_together,
    members_per_host,
    mutually_exclusive_groups,
)
from groupsolver.constraints.protocols.scope import (
    counts_all_groups,
    counts_child_groups,
    groups_counted,
)
from groupsolver.constraints.protocols.survivability import checked_after_solve, sensitive_domains
from groupsolver.model.compiled.arrays import Mask
from tests.support.small import app, fleet, group, host


class Plain(Policy):
    """At most three members in all: what every policy has, and nothing else."""

    kind: Literal["plain"] = "plain"
    level: str = "host"

    def describe(self, group: str) -> str:
        return f"{group} has at most three members"

    def violations(self, group: str, view: View) -> int:
        return max(0, len(view.members(group)) - 3)

    def allowed(self, group: str, member_group: str, partial: Partial) -> Mask | None:
        return None

    def encode(self, group: str, builder: ModelBuilder) -> None:
        raise NotImplementedError


PLAIN = Plain()
RUNNING = {"group": "B", "id": "old", "host": "h2", "resources": {"VCPU": 1}}


@pytest.fixture
def compiled() -> CompiledProblem:
    two = compile_fleet(fleet(host("h1"), host("h2")))
    asked = app(group("A", 2), group("B", 1), existing=(RUNNING,))
    return CompiledProblem(Problem(asked, two.index), two)


def test_of_the_reduction_nothing_may_be_assumed(compiled: CompiledProblem) -> None:
    assert host_equivalence(PLAIN, "A", compiled, own=True).pinned
    assert host_labels(PLAIN, "A", compiled, {0: 1}) is None
    assert limit_per_domain(PLAIN) is None


def test_it_bounds_no_host_and_no_domain(compiled: CompiledProblem) -> None:
    partial = Partial(compiled, np.arange(2, dtype=np.int64))
    assert members_per_host(PLAIN, "A", partial) is None
    assert mutually_exclusive_groups(PLAIN, "A", compiled.problem) is None
    assert not keeps_together(PLAIN, compiled.fleet)
    assert most_in_one_domain(PLAIN, "A", compiled) is None
    assert balanced_window(PLAIN, "A", compiled) is None


def test_it_looks_at_its_own_members_and_speaks_at_its_level(compiled: CompiledProblem) -> None:
    assert groups_counted(PLAIN, "A", compiled.problem) == {"A"}
    assert not counts_all_groups(PLAIN)
    assert not counts_child_groups(PLAIN)
    assert level_on(PLAIN, compiled.fleet) == "host"
    assert allowed_cohabitants(PLAIN, "A", compiled.problem) == "A"
    assert not admits_project(PLAIN)


def test_every_host_suits_and_no_link_matters(compiled: CompiledProblem) -> None:
    assert admits(PLAIN, compiled.fleet.index["h1"])
    assert required_traits(PLAIN) == ()
    assert not needs_links(PLAIN)
    assert not loads_links(PLAIN)
    assert not follows_target(PLAIN)
    assert measure_ceiling(PLAIN, compiled.fleet.index, 4) == 2 * (4 + 1)


def test_in_a_conflict_it_is_one_thing_that_any_member_could_help(
    compiled: CompiledProblem,
) -> None:
    problem = compiled.problem
    assert pieces_of(PLAIN, "A", problem) == (PLAIN,)
    assert list(weaker_versions(PLAIN, "A", problem)) == []
    assert evidence_of(PLAIN, "A", Facts(compiled)) == ()
    assert groups_helping(PLAIN, "A", problem) == {"A"}
    assert not rests_on(PLAIN, "A", PLAIN, "B", problem)
    assert not depends_on_usage(PLAIN)


def test_a_loss_matters_where_members_stand_that_it_counts(compiled: CompiledProblem) -> None:
    after = View(compiled.problem, {})
    for worse in (True, False):
        assert sensitive_domains(PLAIN, "B", after, "host", 1, worse=worse) == {"h2"}
        assert sensitive_domains(PLAIN, "A", after, "host", 1, worse=worse) == set()
    assert not checked_after_solve(PLAIN)


def test_it_is_broken_by_what_its_measure_grew(compiled: CompiledProblem) -> None:
    problem = compiled.problem
    placed = View(problem, {"A/0": "h1", "A/1": "h1", "B/0": "h1"})
    assert broken_by(PLAIN, "A", placed, View(problem, {})) == 0
    assert witness_of(PLAIN, "A", placed) is None


class Vacuous(Plain):
    """Counts what is missing of four members, so that nobody at all is the worst."""

    def violations(self, group: str, view: View) -> int:
        return 4 - len(view.members(group))


def test_a_measure_of_nobody_forgives_nothing(compiled: CompiledProblem) -> None:
    problem = compiled.problem
    placed = View(problem, {"A/0": "h1", "A/1": "h1", "B/0": "h1"})
    before = View(problem, {})
    assert broken_by(Vacuous(), "A", placed, before) == 4 - 2  # no member of A runs
    assert broken_by(Vacuous(), "B", placed, before) == 0  # one runs, so 4 - 1 is forgiven


def methods_asked() -> Iterator[str]:
    """The names of what the base classes of all protocols ask."""
    for found in iter_modules(protocols.__path__):
        module = import_module(f"{protocols.__name__}.{found.name}")
        for _, one in inspect.getmembers(module, inspect.isclass):
            if one.__module__ == module.__name__:
                yield from (name for name in vars(one) if not name.startswith("_"))


def test_every_public_method_of_a_policy_is_asked_by_someone() -> None:
    """A misspelt answer would be none: the default would be taken in silence."""
    helpers = {
        "CountingPolicy": {"noun", "size", "placed", "tally", "tally_so_far", "added", "tallies"},
        "EverywherePolicy": {
            "outside_domains",
            "running_outside_domains",
            "outside_domains_text",
            "outside_domains_parts",
        },
        "DomainShares": {
            "names_domains",
            "least_members",
            "most_members",
            "shares_in_words",
            "shares_broken",
            "shares_broken_text",
            "running_shares_broken",
            "shares_allow",
            "share_parts",
            "share_pieces",
            "weaker_shares",
            "share_evidence",
        },
        "DistancePolicy": {"bound", "within", "nearness", "near"},
        "Places": {"nowhere", "covers", "covered", "place_names"},
    }
    own = {
        "survives": {"recoveries"},
        "spread": {"least_share"},
    }
    asked = {*methods_asked(), *vars(Policy)}
    for kind, policy in POLICIES.items():
        for base in policy.__mro__:
            if not issubclass(base, Policy) or base.__name__ in ("Policy", "PerHostPolicy"):
                continue
            known = asked | helpers.get(base.__name__, set()) | own.get(kind, set())
            public = {
                name
                for name, value in vars(base).items()
                if not name.startswith("_")
                and (callable(value) or isinstance(value, property))
                and not name.startswith("model_")
            }
            assert public <= known, (kind, public - known)
