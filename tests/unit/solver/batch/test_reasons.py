"""Why applications are left out."""

from __future__ import annotations

from groupsolver import Application, Fleet
from groupsolver.solver.batch.merging import MergedApplications
from groupsolver.solver.batch.problem import BatchProblem
from groupsolver.solver.batch.reasons import NOT_IN_TIME, BatchReasons
from groupsolver.solver.batch.value_bound import bound_value
from groupsolver.solver.incumbent import Assignment
from groupsolver.solver.pipeline import answer
from tests.support.small import app, fleet, group, host
from tests.support.small_models import compiled_problem
from tests.support.small_problems import budget


def reason(
    apps: dict[str, Application],
    hosts: Fleet,
    assignments: list[Assignment],
    seconds: float = 60.0,
) -> str:
    """Return why the last application is left out beside what is placed of the others."""
    merged = MergedApplications(apps)
    compiled = compiled_problem(merged.app, hosts)
    batch = BatchProblem(merged, compiled, merged.new_members, "cost", partial=True)
    reasons = BatchReasons(batch, bound_value(batch, 10.0), budget(seconds), answer)
    last = len(apps) - 1
    return reasons.of_left_out([last], assignments)[last].text


def test_the_scarcest_resource_is_named() -> None:
    apps = {"a": app(group("x", 3)), "b": app(group("y", 2))}
    found = reason(apps, fleet(host("h1")), [(0, 0)] * 3)
    assert found == "displaced by others of the batch: it needs 2 VCPU, with 1 VCPU left"


def test_the_hosts_that_suit_it_are_meant() -> None:
    gpu = {"kind": "host-capabilities", "required": ["GPU"]}
    apps = {"a": app(group("x", 3, gpu)), "b": app(group("y", 2, gpu))}
    hosts = fleet(host("h1", traits=["GPU"]), host("h2"))
    assert reason(apps, hosts, [(0, 0)] * 3).endswith(
        "it needs 2 VCPU, with 1 VCPU left on the hosts that suit it"
    )


def test_no_host_has_room_for_a_member() -> None:
    apps = {"a": app(group("x", 2, vcpu=3)), "b": app(group("y", 1, vcpu=2))}
    found = reason(apps, fleet(host("h1"), host("h2")), [(0, 0), (0, 1)])
    assert found.endswith("no host that suits a member of y has 2 VCPU left")


def test_no_host_has_room_of_every_class() -> None:
    both = {"members": [{"resources": {"VCPU": 2, "DISK_GB": 2}}], "name": "y"}
    disk = {"members": [{"resources": {"DISK_GB": 3}}], "name": "z"}
    apps = {"a": app(group("x", 1, vcpu=3), disk), "b": app(both)}
    hosts = fleet(
        {"name": "h1", "inventory": {"VCPU": 4, "DISK_GB": 4}},
        {"name": "h2", "inventory": {"VCPU": 4, "DISK_GB": 4}},
    )
    found = reason(apps, hosts, [(0, 0), (1, 1)])
    assert found.endswith("no host that suits a member of y has room left")


def test_a_rule_is_named() -> None:
    apps = {
        "a": app(group("x", 1, {"kind": "exclusive", "level": "host"})),
        "b": app(group("y", 1)),
    }
    found = reason(apps, fleet(host("h1")), [(0, 0)])
    assert "no host with room left keeps the rule: " in found
    assert "a:x" in found


def test_what_is_impossible_alone_has_its_rules() -> None:
    apps = {"b": app(group("y", 2, "anti-affinity"))}
    found = reason(apps, fleet(host("h1")), [])
    assert found.startswith("impossible by itself: ")
    assert "no host holds more than 1 member of y" in found


def test_without_time_what_was_counted_is_said() -> None:
    hosts = fleet(host("h1"))
    assert reason({"b": app(group("y", 9))}, hosts, [], seconds=1e-9).startswith(
        "impossible by itself: y has 9 new members"
    )
    # Only the rule is in the way, which takes time to find.
    alone = {
        "a": app(group("x", 1, {"kind": "exclusive", "level": "host"})),
        "b": app(group("y", 1)),
    }
    assert reason(alone, fleet(host("h1")), [(0, 0)], seconds=1e-9) == NOT_IN_TIME


def test_hosts_have_too_few_places() -> None:
    # Of three members of 2 VCPU, one finds 2 of the 3 VCPU of h2, and h1 has 1 VCPU left.
    apps = {"a": app(group("x", 1, vcpu=3)), "b": app(group("y", 2, vcpu=2))}
    found = reason(apps, fleet(host("h1"), host("h2", 3)), [(0, 0)])
    assert found.endswith("the hosts that suit y have room left for 1 of its 2 members")
