"""A cluster: what runs is kept, and every policy of it holds on."""

from __future__ import annotations

import copy
import linecache
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import FrameType
from typing import Any

import pytest

from groupsolver import (
    Application,
    BadInput,
    Cluster,
    Fleet,
    Host,
    Limits,
    Progress,
    Result,
    check,
    explain,
    headroom,
    solve,
    survives,
    topology,
    why,
)
from groupsolver.cluster import cluster as cluster_module
from groupsolver.picture import picture

ONE = Limits(seconds=30, workers=1)
Doc = dict[str, Any]


def fleet(*vcpus: int, **more: Any) -> Fleet:
    hosts = [
        {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": n}}
        for i, n in enumerate(vcpus)
    ]
    return Fleet.model_validate({"levels": ["rack"], "hosts": hosts, **more})


def application(count: int = 1, vcpu: int = 1, *policies: Doc, group: str = "A") -> Application:
    members = [{"resources": {"VCPU": vcpu}, "count": count}]
    return Application.model_validate(
        {"groups": [{"name": group, "members": members, "policies": policies}]}
    )


def hosts_of(cluster: Cluster, name: str) -> list[str]:
    return [member.host for member in cluster.members(application=name)]


def test_room_is_taken_once_and_free_again_when_members_go() -> None:
    cluster = Cluster(fleet(4))
    assert cluster.place("web", application(3), limits=ONE).placed
    assert cluster.free("h0") == {"VCPU": 1}
    assert cluster.place("shop", application(2), limits=ONE).status == "infeasible"
    assert list(cluster.applications) == ["web"]
    cluster.remove("web", ["A/1"])
    assert cluster.place("shop", application(2), limits=ONE).placed
    assert cluster.free("h0") == {"VCPU": 0}


def test_what_others_use_is_kept_apart_from_what_runs() -> None:
    cluster = Cluster(fleet(8))
    cluster.place("web", application(3), limits=ONE)
    busy = Host.model_validate(
        {"name": "h0", "domains": {"rack": "r0"}, "inventory": {"VCPU": 8}, "used": {"VCPU": 4}}
    )
    cluster.update_host(busy)
    assert cluster.fleet.hosts[0].used == {"VCPU": 4}
    assert cluster.compiled()["h0"].used == {"VCPU": 7}
    usage = cluster.usage("rack")["r0"]
    assert (usage.capacity, usage.others, usage.taken, usage.free) == (
        {"VCPU": 8},
        {"VCPU": 4},
        {"VCPU": 3},
        {"VCPU": 1},
    )


def test_exclusive_holds_on_for_newcomers() -> None:
    cluster = Cluster(fleet(4, 4))
    cluster.place("web", application(1, 1, {"kind": "exclusive"}), limits=ONE)
    (alone,) = hosts_of(cluster, "web")
    assert cluster.place("shop", application(4), limits=ONE).placed
    assert alone not in hosts_of(cluster, "shop")
    refused = cluster.place("more", application(1), limits=ONE)
    assert refused.conflict is not None
    assert [rule.group for rule in refused.conflict.policies if rule.policy == "exclusive"] == [
        "web:A"
    ]


def test_members_that_take_nothing_are_no_less_strangers() -> None:
    cluster = Cluster(fleet(4))
    cluster.place("ghost", application(1, 0), limits=ONE)
    refused = cluster.place("web", application(1, 1, {"kind": "exclusive"}), limits=ONE)
    assert refused.status == "infeasible"
    cluster.remove("ghost")
    assert cluster.place("web", application(1, 1, {"kind": "exclusive"}), limits=ONE).placed


def test_a_policy_names_a_group_of_another_application_both_ways() -> None:
    cluster = Cluster(fleet(2, 2))
    cluster.place("shop", application(1), limits=ONE)
    apart = {"kind": "apart-from", "group": "shop:A"}
    cluster.place("web", application(1, 1, apart), limits=ONE)
    assert set(hosts_of(cluster, "shop")).isdisjoint(hosts_of(cluster, "web"))
    # The rule of what runs binds the group that it names when this one comes again.
    (of_web,) = hosts_of(cluster, "web")
    cluster.remove("shop")
    cluster.place("full", application(1, 2), limits=ONE)
    assert hosts_of(cluster, "full") != [of_web]
    assert cluster.place("shop", application(1), limits=ONE).status == "infeasible"


def test_a_name_that_nothing_running_has_is_refused() -> None:
    cluster = Cluster(fleet(2, 2))
    cluster.place("shop", application(1), limits=ONE)
    wrong = application(1, 1, {"kind": "near", "group": "shop:B"})
    with pytest.raises(BadInput, match="did you mean 'shop:A'"):
        cluster.place("web", wrong, limits=ONE)
    with pytest.raises(BadInput, match="other applications are known to a cluster"):
        solve(wrong, fleet(2, 2), limits=ONE)


def test_bandwidth_of_what_runs_stays_reserved() -> None:
    # Of two members in two racks, min(1, 1) x 600 crosses each rack's link of 1000: one group fits.
    links = [{"between": [f"r{i}", "core"], "bandwidth_mbps": 1000} for i in range(2)]
    cluster = Cluster(fleet(2, 2, 2, 2, links=links))
    apart = {"kind": "anti-affinity", "level": "rack"}, {"kind": "bandwidth", "mbps": 600}
    assert cluster.place("web", application(2, 1, *apart), limits=ONE).placed
    assert cluster.place("shop", application(2, 1, *apart), limits=ONE).status == "infeasible"
    cluster.remove("web")
    assert cluster.place("shop", application(2, 1, *apart), limits=ONE).placed


def test_a_newcomer_leaves_the_room_into_which_a_running_group_would_recover() -> None:
    cluster = Cluster(fleet(2, 2, 2))
    cluster.place("web", application(2, 2, {"kind": "survives", "level": "host"}), limits=ONE)
    assert cluster.place("shop", application(1), limits=ONE).status == "infeasible"
    cluster.remove("web")
    assert cluster.place("shop", application(1), limits=ONE).placed


def test_lost_members_recover_by_all_of_their_rules() -> None:
    # After a loss, the lost member of A fits beside the other one by room, and not by its rule:
    # it needs the third host.
    rules = {"kind": "anti-affinity"}, {"kind": "survives", "level": "host"}
    cluster = Cluster(fleet(2, 2, 2))
    cluster.place("web", application(2, 1, *rules), limits=ONE)
    assert cluster.place("shop", application(1, 2), limits=ONE).status == "infeasible"
    assert cluster.place("shop", application(2, 1), limits=ONE).placed


def test_an_application_grows_and_keeps_what_runs() -> None:
    cluster = Cluster(fleet(4, 4))
    apart = {"kind": "anti-affinity"}
    first = cluster.place("web", application(1, 1, apart), limits=ONE).placement or {}
    second = cluster.place("web", application(2, 1, apart), limits=ONE).placement or {}
    assert list(second) == ["A/1"]
    assert set(first.values()).isdisjoint(second.values())
    again = cluster.place("web", application(2, 1, apart), limits=ONE)
    assert (again.status, again.placement) == ("optimal", {})
    assert len(cluster.members()) == 2


def test_members_that_may_be_left_out_are() -> None:
    cluster = Cluster(fleet(4))
    cluster.place("web", application(3), limits=ONE)
    app = application(3)
    some = app.model_copy(update={"groups": (app.groups[0].model_copy(update={"at_least": 1}),)})
    result = cluster.place("shop", some, limits=ONE)
    assert (result.status, len(result.placement or {}), len(result.left_out)) == ("optimal", 1, 2)
    assert len(hosts_of(cluster, "shop")) == 1


def test_hosts_come_change_go_and_are_lost() -> None:
    cluster = Cluster(fleet(1))
    cluster.place("web", application(1), limits=ONE)
    cluster.update_host(Host.model_validate({"name": "new", "inventory": {"VCPU": 2}}))
    assert cluster.place("shop", application(2), limits=ONE).placement == {
        "A/0": "new",
        "A/1": "new",
    }
    with pytest.raises(BadInput, match="runs 2 members, of shop"):
        cluster.remove_host("new")
    lost = cluster.lose_host("new")
    assert [(member.application, member.id, member.host) for member in lost] == [
        ("shop", "A/0", "new"),
        ("shop", "A/1", "new"),
    ]
    assert list(cluster.applications) == ["web"]
    cluster.remove("web")
    cluster.remove_host("h0")
    assert cluster.place("web", application(1), limits=ONE).status == "infeasible"


def test_every_question_takes_a_cluster_and_commits_nothing() -> None:
    cluster = Cluster(fleet(2, 2))
    cluster.place("web", application(1, 1, {"kind": "exclusive"}), limits=ONE)
    before = cluster.document()
    app = application(1)
    result = solve(app, cluster, limits=ONE)
    assert result.placed
    assert headroom(app, cluster, limits=ONE).copies == 2
    assert explain(application(3), cluster, limits=ONE).conflict is not None
    (alone,) = hosts_of(cluster, "web")
    assert check(app, cluster, {"A/0": alone}).violations
    assert not check(app, cluster, result.placement or {}).violations
    reasons = why(app, cluster, result.placement or {})
    assert [(one.member, one.new) for one in reasons] == [("A/0", True), ("web:A/0", False)]
    assert survives(cluster.applications["web"], cluster, limits=ONE).status == "survives"
    assert "web:A/0" in picture(app, cluster, result)
    assert ("host", "h0") in topology(cluster)
    assert cluster.document() == before


def test_a_snapshot_stays_as_it_was() -> None:
    cluster = Cluster(fleet(4))
    cluster.place("web", application(1), limits=ONE)
    snapshot = cluster.snapshot()
    document = snapshot.document()
    cluster.place("shop", application(1), limits=ONE)
    cluster.lose_host("h0")
    assert snapshot.document() == document
    assert snapshot.free("h0") == {"VCPU": 3}
    assert repr(snapshot) == "<ClusterSnapshot: 1 hosts, 1 applications, 1 members>"


def test_what_is_read_may_be_changed_without_the_cluster() -> None:
    cluster = Cluster(fleet(4))
    cluster.place("web", application(1), limits=ONE)
    cluster.members()[0].resources["VCPU"] = 99
    cluster.free("h0")["VCPU"] = 99
    assert cluster.free("h0") == {"VCPU": 3}
    cluster.remove("web")
    assert cluster.free("h0") == {"VCPU": 4}


def test_eight_threads_into_just_enough_room_book_nothing_twice() -> None:
    cluster = Cluster(fleet(2, 2, 2, 2))
    start = Barrier(8)

    def place(number: int) -> Result:
        start.wait()
        return cluster.place(f"app{number}", application(1), limits=ONE)

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(place, range(8)))
    assert all(result.placed for result in results)
    assert [cluster.free(f"h{i}") for i in range(4)] == [{"VCPU": 0}] * 4
    assert cluster.place("more", application(1), limits=ONE).status == "infeasible"


def test_of_two_threads_that_exclude_each_other_one_is_placed() -> None:
    cluster = Cluster(fleet(8))
    start = Barrier(4)

    def place(number: int) -> Result:
        start.wait()
        return cluster.place(f"app{number}", application(1, 1, {"kind": "exclusive"}), limits=ONE)

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(place, range(4)))
    assert sorted(result.status for result in results) == [*["infeasible"] * 3, "optimal"]


def interrupting(error: BaseException) -> Callable[[Progress], bool]:
    def watch(progress: Progress) -> bool:
        raise error

    return watch


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("mine")], ids=repr)
def test_a_callback_that_raises_commits_nothing(error: BaseException) -> None:
    cluster = Cluster(fleet(4, 4))
    before = cluster.document()
    with pytest.raises(type(error)):
        cluster.place("web", application(2), limits=ONE, progress=interrupting(error))
    assert cluster.document() == before


def test_a_limit_of_almost_nothing_commits_nothing_or_all() -> None:
    cluster = Cluster(fleet(4, 4))
    result = cluster.place("web", application(2), limits=Limits(seconds=1e-9))
    assert len(cluster.members()) == len(result.placement or {})


def test_a_batch_is_placed_whole_or_not_at_all() -> None:
    cluster = Cluster(fleet(4))
    apps = {"small": application(1), "large": application(3), "more": application(2)}
    none = cluster.place_many(apps, limits=ONE)
    assert (none.status, none.placed, cluster.members()) == ("unknown", (), ())
    some = cluster.place_many(apps, partial=True, limits=ONE)
    # The most valuable first: 3 of the 4, then 1 more; 2 do not fit beside these.
    assert some.placed == ("small", "large")
    assert (some.value, some.value_bound, some.status) == (4, 6, "feasible")
    assert (some.method, some.gap) == ("search", 1.0)
    assert "displaced by others" in str(some["more"].reason)
    assert [entry.name for entry in some.applications] == list(apps)
    assert len(cluster.members()) == 4


def test_a_batch_with_an_impossible_application_says_which_and_why() -> None:
    cluster = Cluster(fleet(4))
    apps = {"good": application(1), "bad": application(1, 5)}
    batch = cluster.place_many(apps, limits=ONE)
    assert batch.status == "infeasible"
    assert batch["bad"].conflict is not None
    assert "impossible by itself" in str(batch["bad"].reason)
    assert "another one is not" in str(batch["good"].reason)
    valued = cluster.place_many(apps, partial=True, values={"good": 7}, limits=ONE)
    assert (valued.status, valued.value, valued.value_bound) == ("optimal", 7, 7)
    assert set(valued.document()["applications"][0]) == {
        "name",
        "status",
        "placement",
        "cells",
        "reason",
    }


def test_applications_of_a_batch_may_name_each_other() -> None:
    cluster = Cluster(fleet(2, 2))
    near = application(1, 1, {"kind": "apart-from", "group": "second:A"})
    batch = cluster.place_many({"first": near, "second": application(1)}, limits=ONE)
    assert batch.placed == ("first", "second")
    assert set(hosts_of(cluster, "first")).isdisjoint(hosts_of(cluster, "second"))


def test_values_of_a_batch_are_checked() -> None:
    cluster = Cluster(fleet(2))
    with pytest.raises(BadInput, match="did you mean 'web'"):
        cluster.place_many({"web": application(1)}, values={"wed": 1}, limits=ONE)
    with pytest.raises(BadInput, match="expected at least 1, found 0"):
        cluster.place_many({"web": application(1)}, values={"web": 0}, limits=ONE)


def test_applications_that_run_already_are_taken_over() -> None:
    app = Application.model_validate(
        {
            "flavors": {"s": {"resources": {"VCPU": 3}}},
            "groups": [{"name": "A", "policies": [{"kind": "exclusive"}]}],
            "existing": [{"group": "A", "id": "one", "host": "h0", "flavor": "s"}],
        }
    )
    cluster = Cluster(fleet(4, 4), {"web": app})
    assert cluster.free("h0") == {"VCPU": 1}
    assert hosts_of(cluster, "web") == ["h0"]
    cluster.place("shop", application(1), limits=ONE)
    assert hosts_of(cluster, "shop") == ["h1"]
    assert cluster.applications["web"].document()["existing"] == app.document()["existing"]


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ({"host": "h0"}, "expected a flavor or resources"),
        ({"host": "h7", "resources": {"VCPU": 1}}, "unknown host 'h7'"),
        ({"host": "h0", "cell": "1", "resources": {"VCPU": 1}}, "has no cell '1'"),
    ],
)
def test_running_members_must_be_known(there: Doc, message: str) -> None:
    app = Application.model_validate(
        {"groups": [{"name": "A"}], "existing": [{"group": "A", "id": "one", **there}]}
    )
    with pytest.raises(BadInput, match=message) as caught:
        Cluster(fleet(4), {"web": app})
    assert caught.value.faults[0].path.startswith("applications.web.existing[0]")


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda cluster: pickle.loads(pickle.dumps(cluster))]
)
def test_copies_change_independently(copied: Callable[[Cluster], Cluster]) -> None:
    cluster = Cluster(fleet(4, 4))
    cluster.place("one", application(2), limits=ONE)
    other = copied(cluster)
    assert other.document() == cluster.document()

    other.remove("one")
    cluster.place("two", application(3), limits=ONE)
    assert other.members() == ()
    assert other.free("h0") == {"VCPU": 4}
    assert len(cluster.members()) == 5


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"kind": "exclusive", "level": "rock"}, "did you mean 'rack'"),
        ({"kind": "apart-from", "group": "A"}, "'A' is itself"),
        ({"kind": "apart-from", "group": "web:A"}, "'A' is itself"),
        ({"kind": "near", "group": "gone:B", "level": "rock"}, "did you mean 'rack'"),
    ],
    ids=["level", "itself", "itself qualified", "level beside another application"],
)
def test_rules_of_what_runs_must_mean_something_too(policy: Doc, message: str) -> None:
    there = {"group": "A", "id": "one", "host": "h0", "resources": {"VCPU": 1}}
    app = Application.model_validate(
        {"groups": [{"name": "A", "policies": [policy]}], "existing": [there]}
    )
    with pytest.raises(BadInput, match=message) as caught:
        Cluster(fleet(4), {"web": app})
    assert caught.value.faults[0].path.startswith("applications.web.groups[0].policies[0]")


def test_a_running_application_is_worth_its_new_members_alone() -> None:
    cluster = Cluster(fleet(4))
    cluster.place("web", application(3), limits=ONE)
    batch = cluster.place_many({"web": application(4)}, limits=ONE)
    assert (batch.value, batch.value_bound, batch.status) == (1, 1, "optimal")


def test_an_interrupt_at_any_line_leaves_all_or_nothing() -> None:
    """KeyboardInterrupt raised at the n-th line of the cluster's own code, for many n."""
    folder = str(Path(cluster_module.__file__).parent)
    app = application(2)

    def interrupted_at(line: int) -> bool:
        cluster = Cluster(fleet(4, 4))
        left = line

        def trace(frame: FrameType, event: str, argument: object) -> Any:
            nonlocal left
            if not frame.f_code.co_filename.startswith(folder):
                return None
            text = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
            # Signals are looked at on calls and jumps: never between the end of a `with` block and
            # its exit, where a tracer would raise.
            if event == "line" and not text.strip().startswith("with "):
                left -= 1
                if left == 0:
                    raise KeyboardInterrupt
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            cluster.place("web", app, limits=ONE)
            cluster.remove("web", ["A/1"])
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        members = [member.id for member in cluster.members()]
        assert members in ([], ["A/0", "A/1"], ["A/0"])
        assert cluster.usage("rack")["r0"].free == {"VCPU": 8 - len(members)}
        # Nobody holds the lock, and the cluster goes on.
        assert cluster.place("more", application(1), limits=ONE).placed
        return left <= 0

    line = 1
    while interrupted_at(line):
        line += 7
    assert line > 300
