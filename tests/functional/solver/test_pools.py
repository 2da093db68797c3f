"""Pools from outside: placements, conflicts, fixes, losses, headroom, what may be warned of."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Fleet, Limits, check, explain, headroom, solve
from groupsolver.errors import BadInput

Doc = dict[str, Any]
ONE = Limits(seconds=60, workers=1)


def fleet(free: int = 100, number: int = 3, **pool: Any) -> Fleet:
    """Hosts h0, h1, ... of 8 VCPU that share what is free of a pool of disk; 10 GB are used."""
    hosts = [{"name": f"h{i}", "inventory": {"VCPU": 8}} for i in range(number)]
    ceph = {
        "name": "ceph",
        "inventory": {"DISK_GB": free + 10},
        "used": {"DISK_GB": 10},
        "hosts": [host["name"] for host in hosts],
    }
    return Fleet.model_validate({"hosts": hosts, "pools": [ceph | pool]})


def app(*counts: int, disk: int = 30, policies: tuple[Any, ...] = ()) -> Application:
    """Groups A, B, ... of so many members each."""
    return Application.model_validate(
        {
            "groups": [
                {
                    "name": name,
                    "policies": list(policies),
                    "members": [{"resources": {"VCPU": 1, "DISK_GB": disk}, "count": count}],
                }
                for name, count in zip("ABC", counts, strict=False)
            ]
        }
    )


def test_members_on_all_hosts_fit_together_or_not_at_all() -> None:
    apart = ("anti-affinity",)
    assert solve(app(3, policies=apart), fleet(), limits=ONE).status == "optimal"  # 90 of 100
    result = solve(app(2, 2, policies=apart), fleet(), limits=ONE)  # 120 of 100
    assert result.status == "infeasible"


def test_the_checker_says_which_pool_is_short() -> None:
    placement = {f"A/{i}": f"h{i % 3}" for i in range(4)}
    (violation,) = check(app(4), fleet(), placement).violations
    assert violation.sentence == ("pool ceph has 100 GB of disk free; its new members take 120 GB")
    assert (violation.policy, violation.measure) == ("capacity", 20)


def test_the_checker_holds_each_member_against_the_units_of_the_pool() -> None:
    limited = fleet(inventory={"DISK_GB": {"total": 200, "max_unit": 20, "step_size": 8}})
    sentences = [one.sentence for one in check(app(1), limited, {"A/0": "h0"}).violations]
    assert sentences == [
        "pool ceph gives a member at most 20 GB of disk; A/0 takes 30 GB",
        "pool ceph gives a member disk in steps of 8 GB; A/0 takes 30 GB",
    ]
    assert solve(app(1), limited, limits=ONE).status == "infeasible"


def test_a_conflict_says_by_how_much_a_pool_is_short_and_what_to_free() -> None:
    explanation = explain(app(4), fleet(), limits=ONE)
    assert explanation.conflict is not None
    (shortage,) = explanation.conflict.capacity
    assert (shortage.resource, shortage.needed, shortage.available) == ("DISK_GB", 120, 100)
    assert shortage.sentence.endswith("pool ceph has 100 GB of disk for them and is 20 GB short")
    changes = [fix.change for fix in explanation.conflict.fixes]
    assert "free 20 GB of disk in pool ceph, or add as much" in changes
    hidden = explain(app(4), fleet(), limits=ONE, reveal=False)
    assert hidden.conflict is not None
    assert "ceph" not in hidden.conflict.capacity[0].sentence


def test_a_full_pool_makes_a_host_with_a_disk_of_its_own_the_place() -> None:
    document = fleet(free=0).document()
    document["hosts"].append({"name": "own", "inventory": {"VCPU": 8, "DISK_GB": 50}})
    result = solve(app(1), Fleet.model_validate(document), limits=ONE)
    assert result.placement == {"A/0": "own"}


def test_after_a_loss_lost_members_take_what_they_had() -> None:
    survives = ({"kind": "survives"}, {"kind": "anti-affinity", "max_per_domain": 2})
    # Two members take all of the pool, and one of them is lost: it takes its part again.
    tight = app(2, disk=50, policies=survives)
    result = solve(tight, fleet(number=2), limits=ONE)
    assert result.status == "optimal"
    assert result.placement is not None
    assert not check(tight, fleet(number=2), result.placement).violations


def test_running_members_have_to_be_part_of_what_a_pool_has_in_use() -> None:
    there = {"group": "A", "id": "old", "host": "h0", "resources": {"DISK_GB": 20}}
    document = app(1).document() | {"existing": [there]}
    with pytest.raises(BadInput, match="take from pool 'ceph' take 20 DISK_GB, and its used is 10"):
        solve(Application.model_validate(document), fleet(), limits=ONE)


def test_copies_are_counted_by_what_the_pool_has() -> None:
    answer = headroom(app(1), fleet(), limits=ONE)
    assert (answer.copies, answer.bound) == (3, 3)  # 100 // 30; the hosts have 24 VCPU
    assert answer.scarce[0].name == "DISK_GB"
    assert "10 GB of 100 GB are left" in answer.scarce[0].sentence


def test_what_a_pool_names_in_vain_is_warned_of() -> None:
    result = solve(app(1), fleet(hosts=["h0", "h11"]), limits=ONE)
    (warning,) = result.warnings
    assert warning.startswith("pools[0].hosts[1]: no host is called 'h11'")
