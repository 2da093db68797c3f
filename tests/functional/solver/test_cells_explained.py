"""Hosts whose sum is enough, and none of whose cells is: reasons, fixes, moves and what-if."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import Application, Explanation, Fleet, Limits, explain, headroom
from tests.support.small import group, host

PAGES = "CUSTOM_HUGEPAGES"


def cell(total: int, used: int, **more: Any) -> dict[str, Any]:
    return {"inventory": {PAGES: total}, "used": {PAGES: used}, **more}


# 2,048 - 1,103 = 945 and 2,048 - 1,048 = 1,000 are free: 1,945 in all.
C1 = {"name": "c1", "cells": [cell(2048, 1103), cell(2048, 1048)]}
ONE = {"name": "vm", "members": [{"resources": {PAGES: 1024}}]}


def explained(hosts: list[Any], *groups: Any, existing: Any = (), **options: Any) -> Explanation:
    app = Application.model_validate({"groups": list(groups), "existing": list(existing)})
    fleet = Fleet.model_validate({"hosts": hosts})
    return explain(app, fleet, limits=Limits(seconds=20, workers=1), **options)


def test_the_reason_speaks_of_one_cell() -> None:
    found = explained([C1], ONE)
    assert found.conflict is not None
    (short,) = found.conflict.capacity
    assert (short.needed, short.available) == (1024, 1000)
    assert short.sentence == (
        "a member of vm takes 1,024 CUSTOM_HUGEPAGES from one cell; "
        "no cell has more than 1,000 free (c1, cell 1)"
    )


def test_a_fix_frees_in_the_cell_in_which_least_is_missing() -> None:
    found = explained([C1], ONE)
    assert found.conflict is not None
    changes = {fix.change: fix for fix in found.conflict.fixes}
    fix = changes["free 24 CUSTOM_HUGEPAGES in cell 1 on c1"]  # 1,024 - 1,000
    assert fix.placement == {"vm/0": "c1"}


def test_a_member_that_moves_gives_up_what_it_has_of_its_cell() -> None:
    # Both cells of c1 have too little. The running one has 1,000 of cell 1, and c2 has 1,020.
    spare = {"name": "c2", "cells": [cell(1020, 0)]}
    running = {"group": "vm", "id": "old", "host": "c1", "resources": {PAGES: 1000}, "cell": "1"}
    found = explained([C1, spare], ONE, existing=[running])
    assert found.conflict is not None
    changes = [fix.change for fix in found.conflict.fixes]
    assert "move old of vm from c1 to c2, cell 0" in changes


def test_a_member_may_move_to_another_cell_of_its_host() -> None:
    # Without its 512, cell 1 has 1,512 free; cell 0 has 945 for them.
    running = {"group": "vm", "id": "old", "host": "c1", "resources": {PAGES: 512}, "cell": "1"}
    found = explained([C1], ONE, existing=[running])
    assert found.conflict is not None
    changes = [fix.change for fix in found.conflict.fixes]
    assert "move old of vm from cell 1 to cell 0 of c1" in changes


def test_headroom_says_that_no_cell_has_enough() -> None:
    app = Application.model_validate({"groups": [ONE]})
    found = headroom(app, Fleet.model_validate({"hosts": [C1]}), limits=Limits(seconds=10))
    assert (found.copies, found.bound) == (0, 0)
    assert found.scarce[0].name == PAGES
    assert found.scarce[0].sentence == (
        "CUSTOM_HUGEPAGES runs out first: 1,945 of 1,945 are left after 0 copies, and 1 of 1 host "
        "has in no cell the 1,024 that one member of vm takes"
    )


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        ({}, "no host that it may use has more than 2 VCPU free; nearest: h1"),
        ({"max_unit": 1}, "no host that it may use gives one member more than 1; nearest: h1"),
    ],
)
def test_what_one_member_may_take_is_told(units: Any, sentence: str) -> None:
    found = explained(
        [host("h1") | {"inventory": {"VCPU": {"total": 2, **units}}}], group("A", 1, vcpu=3)
    )
    assert found.conflict is not None
    assert found.conflict.capacity[0].sentence == f"a member of A takes 3 VCPU; {sentence}"


def test_an_overfull_host_is_named_with_its_numbers() -> None:
    hosts = [host("h1", 4, used={"VCPU": 5}), host("h2", 2)]
    found = explained(hosts, group("A", 1, vcpu=3))
    assert found.conflict is not None
    assert found.conflict.capacity[0].sentence == (
        "a member of A takes 3 VCPU; no host that it may use has more than 2 VCPU free; "
        "nearest: h2; over capacity: h1 (5 of 4 used)"
    )


def test_a_place_that_is_short_is_named() -> None:
    # Zone spot has 4 + 4 VCPU, and its hosts take two members of 2 each: 4 of 5.
    spot = {"domains": {"zone": "spot"}}
    hosts = [host("a", 4, **spot), host("b", 5, **spot), host("c", 40, domains={"zone": "z"})]
    within = {"kind": "within", "domains": {"zone": ["spot"]}}
    app = Application.model_validate({"groups": [group("A", 5, within, vcpu=2)]})
    fleet = Fleet.model_validate({"levels": ["zone"], "hosts": hosts})
    found = explain(app, fleet, limits=Limits(seconds=20, workers=1))
    assert found.conflict is not None
    (short,) = found.conflict.capacity
    assert short.sentence == ("members of A take 10 VCPU in all; zone spot takes at most 4 of 5")


def test_a_share_that_a_zone_has_no_room_for_is_told() -> None:
    # Six members over two zones that may differ by one: at least three each. Zone b takes 2.
    hosts = [host("a", 8, domains={"zone": "a"}), host("b", 2, domains={"zone": "b"})]
    balanced = {"kind": "spread", "level": "zone", "max_skew": 1}
    app = Application.model_validate({"groups": [group("A", 6, balanced)]})
    fleet = Fleet.model_validate({"levels": ["zone"], "hosts": hosts})
    found = explain(app, fleet, limits=Limits(seconds=20, workers=1))
    assert found.conflict is not None
    (short,) = found.conflict.capacity
    assert short.sentence == (
        "members of A take 6 VCPU in all; each of 2 zones has to hold at least 3 of 6 members, "
        "and zone b has room for at most 2"
    )


def test_two_groups_below_a_parent_share_what_a_zone_has() -> None:
    # A zone of 40 VCPU takes 40 // 8 = 5 of the six members of 8.
    hosts = [host(f"h{n}", 40, domains={"zone": f"z{n}"}) for n in range(2)]
    parent = {
        "name": "P",
        "groups": ["A", "B"],
        "policies": [{"kind": "affinity", "level": "zone"}],
    }
    groups = [group("A", 3, vcpu=8), group("B", 3, vcpu=8), parent]
    app = Application.model_validate({"groups": groups})
    fleet = Fleet.model_validate({"levels": ["zone"], "hosts": hosts})
    found = explain(app, fleet, limits=Limits(seconds=20, workers=1))
    assert found.conflict is not None
    texts = [one.sentence for one in found.conflict.policies if one.policy == "affinity"]
    assert texts[0].endswith("the roomiest zone takes at most 5 of 6 new members (z0)")


def test_a_trait_that_no_host_has_is_named_in_the_conflict() -> None:
    asks = {"kind": "host-capabilities", "required": ["CUSTOM_SDD"]}
    found = explained([host("h1"), host("h2", traits=["CUSTOM_SSD"])], group("A", 1, asks))
    assert found.conflict is not None
    texts = [one.sentence for one in found.conflict.policies if one.policy != "members"]
    assert texts == ["members of A run on hosts with CUSTOM_SDD; no host has CUSTOM_SDD"]
