"""Domains whose loss empties another of what counts in it."""

from __future__ import annotations

import pytest

from groupsolver import compile_fleet
from groupsolver.constraints.failures.domains_emptied_by_loss import emptied_domains
from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.problem.view import View
from groupsolver.model.fleet import Host
from tests.support.small import app, fleet, group, host


def every_host(_: Host) -> bool:
    return True


def no_host(_: Host) -> bool:
    return False


@pytest.fixture
def view() -> View:
    """Rack r1 on feeds f1 and f2, r2 on f1 alone, r3 on f2 and on none."""
    places = {
        "a": {"rack": "r1", "feed": "f1"},
        "b": {"rack": "r1", "feed": "f2"},
        "c": {"rack": "r2", "feed": "f1"},
        "d": {"rack": "r2", "feed": "f1"},
        "e": {"rack": "r3", "feed": "f2"},
        "f": {"rack": "r3"},
    }
    hosts = [host(name, domains=domains) for name, domains in places.items()]
    compiled = compile_fleet(fleet(*hosts, levels=("rack", "feed")))
    return View(Problem(app(group("A", 1)), compiled.index), {})


def test_one_loss_empties_what_is_on_one_domain_alone(view: View) -> None:
    assert emptied_domains(view, "rack", "feed", 1, every_host) == {"f1"}  # r2


def test_two_losses_empty_what_is_on_two(view: View) -> None:
    # r1 by f1 and f2, r2 by f1; f of r3 is on no feed and never lost.
    assert emptied_domains(view, "rack", "feed", 2, every_host) == {"f1", "f2"}


def test_hosts_that_do_not_count_need_not_be_lost(view: View) -> None:
    found = emptied_domains(view, "rack", "feed", 1, lambda host: host.name in {"b", "c"})
    assert found == {"f2", "f1"}  # b of r1 is on f2, c of r2 on f1; in r3 nothing counts


def test_what_has_nothing_that_counts_cannot_be_emptied(view: View) -> None:
    assert emptied_domains(view, "rack", "feed", 2, no_host) == set()
