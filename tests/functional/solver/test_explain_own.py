"""Explaining for one of several owners: which rules take part, and which may be changed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from groupsolver import Application, Costs, Fleet, explain
from groupsolver.model.result import Explanation

FLEET = Fleet.model_validate(
    {
        "levels": ["rack"],
        "hosts": [
            {
                "name": f"h{i}",
                "domains": {"rack": f"r{i}"},
                "inventory": {"VCPU": 8},
                "used": {"VCPU": 2},
            }
            for i in range(3)
        ],
    }
)
APART = {"kind": "apart-from", "group": "mine", "level": "rack"}


def app(*, size: int = 1, vcpu: int = 1, rules: Any = ()) -> Application:
    """A group with new members, and another owner's, which runs on every host and keeps apart."""
    return Application.model_validate(
        {
            "groups": [
                {"name": "theirs", "policies": [APART]},
                {
                    "name": "mine",
                    "policies": list(rules),
                    "members": [{"resources": {"VCPU": vcpu}, "count": size}],
                },
            ],
            "existing": [
                {"group": "theirs", "id": f"t{i}", "host": f"h{i}", "resources": {"VCPU": 2}}
                for i in range(3)
            ],
        }
    )


def rules(found: Explanation) -> list[tuple[str, str]]:
    assert found.conflict is not None
    assert found.conflict.minimal
    return [(rule.group, rule.policy) for rule in found.conflict.policies]


def changes(found: Explanation) -> list[str]:
    assert found.conflict is not None
    return [fix.change for fix in found.conflict.fixes]


@pytest.mark.parametrize("own", [None, ["mine"], ["mine", "theirs"]])
def test_rules_of_others_stand_in_a_conflict_where_it_needs_them(own: list[str] | None) -> None:
    found = explain(app(), FLEET, own=own)
    assert rules(found) == [("mine", "members"), ("theirs", "apart-from")]
    assert any("theirs apart-from" in change for change in changes(found)) == (own != ["mine"])
    assert any(change.startswith("move t") for change in changes(found)) == (own != ["mine"])
    # To leave the only new member out would be to place nothing.
    assert not any("leave mine out" in change for change in changes(found))


def test_a_conflict_without_them_goes_before_a_smaller_one_with_them() -> None:
    four = [{"kind": "anti-affinity", "level": "rack"}]
    asked = app(size=4, rules=four)
    with_all = explain(asked, FLEET)
    own = explain(asked, FLEET, own=["mine"])
    assert rules(with_all) == [("mine", "members"), ("theirs", "apart-from")]
    assert rules(own) == [("mine", "members"), ("mine", "anti-affinity")]
    # What is proposed helps against all rules that there are, and one change of its own does not.
    assert not any(change.startswith("mine anti-affinity") for change in changes(own))


def test_further_conflicts_are_of_the_rest() -> None:
    both = app(vcpu=7)
    groups = [*both.groups, *app().groups[1:]]
    more = groups[2].model_copy(update={"name": "more", "policies": ()})
    found = explain(
        both.model_copy(update={"groups": (*both.groups, more)}),
        FLEET,
        own=["mine", "more"],
        every=True,
    )
    assert rules(found) == [("mine", "members")]  # no host has room
    assert [one.resource for one in (found.conflict.capacity if found.conflict else ())] == ["VCPU"]
    assert len(found.conflicts) == 1


def test_without_any_price_nothing_is_proposed() -> None:
    none = Costs(relax=None, soften=None, drop=None, fewer=None, free=None, add=None, move=None)
    assert changes(explain(app(), FLEET, own=["mine"], costs=none)) == []
    assert changes(explain(app(), FLEET, own=[], costs=none)) == []


def test_an_interrupt_stays_the_callers() -> None:
    """CP-SAT replaces the signal handler unless it is asked not to; seen only in a new process."""
    code = """
import os, signal, sys
from groupsolver import explain
from tests.functional.solver.test_explain_own import FLEET, app
assert explain(app(), FLEET).conflict.fixes
signal.signal(signal.SIGINT, lambda *_: sys.exit(3))
explain(app(), FLEET)
os.kill(os.getpid(), signal.SIGINT)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 3
