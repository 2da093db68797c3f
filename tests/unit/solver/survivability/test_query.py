"""The question whether members survive: its status, its losses and its bad input."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import BadInput, Fleet, Limits, survives
from groupsolver.constraints.failures.losses import Loss
from groupsolver.constraints.failures.recovery import Recovery
from groupsolver.constraints.policies.survives import Survives
from groupsolver.constraints.rules import Rule
from groupsolver.solver.survivability.query import _status
from groupsolver.solver.survivability.recovery import LossRecovery
from tests.support.small import app, fleet, group, host

LIMITS = Limits(seconds=30, workers=1)
H0 = Loss("host", ("h0",))


def hosts(number: int) -> Fleet:
    return fleet(*(host(f"h{i}") for i in range(number)))


def found(least: int, most: int) -> LossRecovery:
    policy = Survives()
    return LossRecovery(Rule("A", policy), H0, H0, Recovery(least, most, {}))


@pytest.mark.parametrize(
    ("recoveries", "status"),
    [
        ([], "survives"),
        ([(0, 0), (0, 0)], "survives"),
        ([(0, 0), (0, 1)], "unknown"),  # one may have no place
        ([(0, 1), (1, 2)], "falls"),  # one has none, which is proved
    ],
)
def test_the_status_is_that_of_the_worst_loss(
    recoveries: list[tuple[int, int]], status: str
) -> None:
    assert _status([found(*recovery) for recovery in recoveries]) == status


def test_members_survive_where_the_rest_has_capacity() -> None:
    # Two members of 4 VCPU on two hosts of three: after either is lost, h2 takes one.
    application = app(group("A", 2, vcpu=4))
    placement = {"A/0": "h0", "A/1": "h1"}
    answer = survives(application, hosts(3), placement, limits=LIMITS)
    assert answer.status == "survives"
    assert [(loss.domains, loss.placement) for loss in answer.losses] == [
        (("h0",), {"A/0": "h2"}),
        (("h1",), {"A/1": "h2"}),
    ]
    worse = survives(application, hosts(2), placement, limits=LIMITS)
    assert worse.status == "falls"
    assert [(loss.nowhere, loss.proved) for loss in worse.losses] == [
        (("A/0",), True),
        (("A/1",), True),
    ]


def test_the_worst_loss_comes_first() -> None:
    # h0 has three members of 1 VCPU, h1 one; h2 takes one.
    where = {"A/0": "h1", "A/1": "h0", "A/2": "h0", "A/3": "h0"}
    small = fleet(host("h0", 3), host("h1", 1), host("h2", 1))
    answer = survives(app(group("A", 4)), small, where, limits=LIMITS)
    assert [(loss.domains, len(loss.nowhere)) for loss in answer.losses] == [
        (("h0",), 2),
        (("h1",), 0),
    ]


def test_what_is_broken_already_is_a_warning() -> None:
    apart = {"kind": "anti-affinity"}
    both = {"A/0": "h0", "A/1": "h0"}
    answer = survives(app(group("A", 2, apart)), hosts(3), both, limits=LIMITS)
    assert [text.split(":")[0] for text in answer.warnings] == ["this is broken already"]


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        ({"level": "rak"}, ["unknown level 'rak'"]),
        ({"group": "B"}, ["unknown group 'B'"]),
        ({"failures": 0}, ["expected at least 1, found 0"]),
        (
            {"placement": {"A/0": "h0"}},
            ["expected every member to run, or a placement of it"],
        ),
        ({"level": "x", "failures": -1}, ["unknown level", "expected at least 1, found -1"]),
    ],
)
def test_bad_arguments_are_named_all_at_once(
    arguments: dict[str, Any], messages: list[str]
) -> None:
    racks = fleet(*(host(f"h{i}", domains={"rack": "r0"}) for i in range(2)), levels=("rack",))
    given = {"placement": {f"A/{i}": "h0" for i in range(5)}} | arguments
    with pytest.raises(BadInput) as error:
        survives(app(group("A", 5)), racks, **given)
    assert len(error.value.faults) == len(messages)
    for fault, message in zip(error.value.faults, messages, strict=True):
        assert fault.message.startswith(message)


def test_a_message_names_a_few_of_the_members_without_a_host() -> None:
    with pytest.raises(BadInput) as error:
        survives(app(group("A", 5)), hosts(2), {"A/0": "h0"})
    (fault,) = error.value.faults
    assert fault.message.endswith("; 4 have neither: A/1, A/2, A/3 and more")
