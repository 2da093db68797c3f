"""Links over the drawing of a fleet: only where a rule speaks of them, and bounded."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest

from groupsolver.constraints.registry import Application
from groupsolver.model.fleet import Fleet, Link
from groupsolver.model.generators import fat_tree, leaf_spine
from groupsolver.model.result import Result
from groupsolver.picture import picture
from groupsolver.picture.link_overlay import MAX_LINKS, MAX_SWITCHES, select_links
from tests.unit.picture.test_picture import SVG, Page

BANDWIDTH = {"kind": "bandwidth", "mbps": 100}
NEAR = {"kind": "network-proximity", "max_hops": 4}
SAME_RACK = {"kind": "network-proximity", "level": "rack"}


def application(*policies: Any) -> Application:
    groups = [
        {"name": "A", "members": [{"resources": {}, "count": 2}], "policies": policies},
        {"name": "B", "members": [{"resources": {}}]},
    ]
    return Application.model_validate({"groups": groups})


def drawn(fleet: Fleet, app: Application, *hosts: str) -> Page:
    ids = ["A/0", "A/1", "B/0"]
    result = Result(status="feasible", placement=dict(zip(ids, hosts, strict=True)))
    return Page(picture(app, fleet, result))


def titles(page: Page, tag: str) -> list[str]:
    """Return the tooltips of links (``path``), or of switches (``g``)."""
    network = [each for each in page.svg if "links" in (each.get("class") or "").split()]
    found: list[ET.Element] = []
    for each in network:
        found += each.iter(f"{SVG}{tag}")
    return [title for each in found if (title := each.findtext(f"{SVG}title")) is not None]


@pytest.mark.parametrize(
    ("policies", "shown"), [([], False), ([SAME_RACK], False), ([BANDWIDTH], True), ([NEAR], True)]
)
def test_links_are_drawn_where_a_rule_speaks_of_them(policies: list[Any], shown: bool) -> None:
    page = drawn(leaf_spine(2, 3, 2), application(*policies), "r1h1", "r2h1", "r3h1")
    assert bool(titles(page, "path")) == shown
    assert bool(page.named("links")) == shown


def test_the_links_are_those_of_the_members_that_the_rule_looks_at() -> None:
    # Racks r1 and r2 have members of A; r3 has one of B, of which the rule does not speak.
    page = drawn(leaf_spine(2, 3, 2), application(BANDWIDTH), "r1h1", "r2h1", "r3h1")
    assert sorted(titles(page, "g")) == ["spine1", "spine2"]
    assert len(titles(page, "path")) == 4
    assert "r1 and spine1, 40,000 of 40,000 Mbit/s free, 5 µs" in titles(page, "path")
    text = ET.tostring(page.svg, encoding="unicode")
    assert text.count("40000 free") == 4
    assert "r3 and spine1" not in text


def test_the_drawing_grows_upwards_by_the_tiers_of_switches() -> None:
    def box(policies: list[Any]) -> list[float]:
        page = drawn(leaf_spine(2, 3, 2), application(*policies), "r1h1", "r2h1", "r3h1")
        return [float(number) for number in page.svg.get("viewBox", "").split()]

    left, top, width, height = box([])
    assert box([BANDWIDTH]) == [left, top - 62, width, height + 62]


def test_only_as_many_tiers_as_join_the_ends() -> None:
    # In a fat tree of 4 ports, hosts of one rack meet at its switch, those of one pod one above.
    fleet = fat_tree(4)
    racks: dict[tuple[str, str], list[str]] = {}
    for host in fleet.hosts:
        racks.setdefault((host.domains["pod"], host.domains["rack"]), []).append(host.name)
    (pod, _), *_ = racks
    of_pod = [hosts for (name, _), hosts in racks.items() if name == pod]
    other = next(hosts for (name, _), hosts in racks.items() if name != pod)
    names = {name for host in fleet.hosts for name in (host.name, *host.domains.values())}

    def switches(ends: set[str]) -> int:
        selection = select_links(fleet.links, sorted(ends), names - ends)
        assert not selection.left_out
        return len({end for link in selection.links for end in link.between} - ends)

    pairs = [{of_pod[0][0], of_pod[1][0]}, {of_pod[0][0], other[0]}]
    with_racks = [
        ends | {host.domains["rack"] for host in fleet.hosts if host.name in ends} for ends in pairs
    ]
    # Of one pod: its 2 switches. Of two pods: 4 and the 4 of the core.
    assert [switches(ends) for ends in with_racks] == [2, 8]


def test_links_are_bounded() -> None:
    links = [Link(between=(f"h{i}", f"s{i % 7}")) for i in range(MAX_LINKS + 5)]
    ends = [f"h{i}" for i in range(MAX_LINKS + 5)]
    selection = select_links(links, ends, set())
    assert (len(selection.links), selection.left_out) == (MAX_LINKS, 5)
    switches = [Link(between=("h", f"s{i}")) for i in range(MAX_SWITCHES + 3)]
    selection = select_links(switches, ["h"], set())
    assert (len(selection.links), selection.left_out) == (MAX_SWITCHES, 3)


def test_of_a_conflict_only_its_rules_count() -> None:
    fleet = leaf_spine(2, 3, 2)
    sentence = "members of A have 100 Mbit/s each to each other"
    rules = [{"group": "A", "policy": "bandwidth", "sentence": sentence}]
    size = [{"group": "A", "policy": "members", "sentence": "2 new members of A are placed"}]
    for policies, shown in ((rules + size, True), (size, False)):
        conflict = {"policies": policies}
        result = Result.model_validate({"status": "infeasible", "conflict": conflict})
        page = Page(picture(application(BANDWIDTH), fleet, result))
        # Nothing runs: then all links of a fleet of which every host is drawn.
        assert len(titles(page, "path")) == (6 if shown else 0)
