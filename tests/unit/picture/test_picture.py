"""The picture: well formed, complete, and what it tells."""

from __future__ import annotations

import json
import re
from functools import cache
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from groupsolver.constraints.registry import Application
from groupsolver.errors import UnknownHost
from groupsolver.model.application import member_ids
from groupsolver.model.compiled.compiled_fleet import compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result
from groupsolver.picture import picture
from groupsolver.picture.palette import paints

SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta", "link", "br", "img", "input"}


class Page(HTMLParser):
    """A page in parts. Fails where an element is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open
        self.svg = ET.fromstring(text[text.index('<svg xmlns="') : text.index("</main>")])
        self.data = json.loads(
            next(text for tag, text in self.texts.items() if tag == "script data")
        )

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] in {"script", "style", "title", "h1", "p"}:
            of = self._open[-1] + (
                f" {self.tags[-1][1].get('id', '')}".rstrip() if self._open[-1] == "script" else ""
            )
            self.texts[of] = self.texts.get(of, "") + data

    def attributes(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]

    def named(self, kind: str) -> list[ET.Element]:
        """Return the drawn elements of a class."""
        return [each for each in self.svg.iter(f"{SVG}g") if kind in each.get("class", "").split()]

    def card(self, title: str) -> dict[str, Any]:
        return next(card for card in self.data["cards"] if card["t"] == title)

    def cell(self, host: str) -> ET.Element:
        """Return the drawn element of a host."""
        number = str(self.data["cards"].index(self.card(host)))
        return next(each for each in self.svg.iter(f"{SVG}g") if each.get("data-i") == number)


@cache  # large fleets take long to validate, and several tests draw the same one
def fleet(hosts: int, *, zones: int = 3, rack: int = 40) -> Fleet:
    racks = max(1, hosts // rack)
    return Fleet.model_validate(
        {
            "levels": ["zone", "rack"],
            "hosts": [
                {
                    "name": f"h{i:06d}",
                    "domains": {
                        "zone": f"z{i * racks // hosts * zones // racks}",
                        "rack": f"r{i * racks // hosts}",
                    },
                    "inventory": {"VCPU": 64, "MEMORY_MB": 65536},
                    "used": {"VCPU": i * 7 % 50, "MEMORY_MB": i * 1009 % 50000},
                    "enabled": i % 50 != 9,
                }
                for i in range(hosts)
            ],
        }
    )


def application(groups: int = 4, members: int = 4, **more: Any) -> Application:
    return Application.model_validate(
        {
            "name": "shop",
            "groups": [
                {
                    "name": f"group-{i}",
                    "policies": [
                        ["anti-affinity"],
                        [{"kind": "spread", "level": "zone", "min_domains": 2, "weight": 3}],
                    ][i % 2],
                    "members": [{"resources": {"VCPU": 4, "MEMORY_MB": 4096}, "count": members}],
                }
                for i in range(groups)
            ],
            **more,
        }
    )


def placed(app: Application, hosts: Fleet, step: int = 37) -> Result:
    """Put members here and there."""
    running = {there.id for there in app.existing}
    ids = [id_ for group in app.groups for id_, _ in member_ids(group) if id_ not in running]
    places = {id_: hosts.hosts[i * step % len(hosts.hosts)].name for i, id_ in enumerate(ids)}
    return Result(status="feasible", placement=places, objective=1234, bound=1200, gap=34 / 1234)


def drawn(hosts: int, **more: Any) -> tuple[Page, Result, str]:
    app, there = application(**more), fleet(hosts)
    result = placed(app, there)
    text = picture(app, there, result)
    return Page(text), result, text


def test_a_compiled_fleet_is_drawn_as_the_fleet() -> None:
    app = application()
    there = fleet(30)
    result = placed(app, there)
    assert picture(app, compile_fleet(there), result) == picture(app, there, result)


def test_arguments_of_other_types_are_refused() -> None:
    app: Any = application()
    there: Any = fleet(30)
    result: Any = placed(app, there)
    with pytest.raises(TypeError, match=r"^app: expected an Application, got Fleet"):
        picture(there, app, result)
    with pytest.raises(TypeError, match=r"^fleet: expected a Fleet, CompiledFleet or Cluster, got"):
        picture(app, there.hosts, result)
    with pytest.raises(TypeError, match=r"^result: expected a Result, got dict"):
        picture(app, there, result.placement)
    with pytest.raises(TypeError, match=r"^objective: expected one of pack, spread, cost, got int"):
        picture(app, there, result, objective=result.objective)


@pytest.mark.parametrize("hosts", [30, 200, 10_000])
def test_every_member_is_drawn_on_its_host(hosts: int) -> None:
    page, result, text = drawn(hosts)
    assert result.placement
    where = {id_: page.data["cards"][card]["t"] for id_, _, _, _, card in page.data["members"]}
    assert where == result.placement
    for number, (id_, _, new, host, _) in enumerate(page.data["members"]):
        assert new
        marks = [
            each for each in page.cell(host).iter(f"{SVG}g") if each.get("data-m") == str(number)
        ]
        assert len(marks) == 1, id_
        assert f'href="#member={id_.replace("/", "%2F")}"' in text
        assert id_ in (page.cell(host).findtext(f"{SVG}title") or "")


@pytest.mark.parametrize(("hosts", "cells", "tiles"), [(30, 30, 0), (200, 200, 0), (10_000, 16, 1)])
def test_what_cannot_be_seen_is_summed_up(hosts: int, cells: int, tiles: int) -> None:
    page, _, _ = drawn(hosts)
    assert len(page.named("host")) + len(page.named("slim")) == cells
    assert bool(page.named("tile")) == bool(tiles)
    if tiles:
        # No host is lost: each stands in a cell, or in the sum of one tile.
        numbers = [int(each.get("data-i", "")) for each in page.named("tile")]
        assert sum(page.data["cards"][number]["n"] for number in numbers) + cells == hosts


def test_frames_follow_the_levels_that_nest() -> None:
    hosts = [
        {
            "name": f"h{i}",
            "domains": {"feed": "AB"[i % 2], "rack": f"r{i // 4}", "zone": f"z{i // 8}"},
        }
        for i in range(16)
    ]
    app = Application.model_validate(
        {"groups": [{"name": "g", "members": [{"resources": {}, "count": 2}]}]}
    )
    result = Result(
        status="feasible", placement={"g/0": "h0", "g/1": "h9"}, objective=0, bound=0, gap=0.0
    )

    def labels(*levels: str) -> list[list[str]]:
        page = Page(picture(app, Fleet.model_validate({"levels": levels, "hosts": hosts}), result))
        outer = [each for each in page.svg if each.get("role") == "group"]
        return [
            [e.get("aria-label", "") for e in each.iter(f"{SVG}g") if e.get("role") == "group"]
            for each in outer
        ]

    nested = [["zone z0", "rack r0", "rack r1"], ["zone z1", "rack r2", "rack r3"]]
    assert labels("zone", "feed", "rack") == nested
    assert labels("rack", "zone", "feed") == nested
    assert labels("feed", "zone", "rack") == [["feed A"], ["feed B"]]
    page = Page(
        picture(
            app, Fleet.model_validate({"levels": ["zone", "feed", "rack"], "hosts": hosts}), result
        )
    )
    assert page.card("h9")["d"] == [
        ["zone", "z1"],
        ["feed", "B"],
        ["rack", "r2"],
    ]  # told, if not drawn


def test_a_rack_across_two_zones_is_drawn_in_both() -> None:
    hosts = [
        {"name": f"h{i}", "domains": {"zone": f"z{i // 20}", "rack": f"r{i // 2}"}}
        for i in range(40)
    ]
    hosts[0]["domains"] = {"zone": "z1", "rack": "r0"}
    hosts.append({"name": "lost", "domains": {"zone": "z0"}})
    there = Fleet.model_validate({"levels": ["zone", "rack"], "hosts": hosts})
    labels = Page(picture(application(1, 1), there, placed(application(1, 1), there))).attributes(
        "aria-label"
    )
    assert labels.count("rack r0 (part)") == 2
    assert "no rack" in labels


def test_bars_show_what_was_used_and_what_is_added() -> None:
    there = Fleet.model_validate(
        {
            "hosts": [
                {
                    "name": "h",
                    "inventory": {"VCPU": 100, "DISK_GB": 100},
                    "used": {"VCPU": 30, "DISK_GB": 35},
                }
            ]
        }
    )
    groups = [{"name": name, "members": [{"resources": {"VCPU": 20}}]} for name in "ab"]
    # Part of what is used: it is not added again.
    running = {"group": "a", "id": "old", "host": "h", "resources": {"VCPU": 10}}
    app = Application.model_validate({"groups": groups, "existing": [running]})
    page = Page(picture(app, there, placed(app, there)))
    bars = page.cell("h").findall(f"{SVG}rect")
    width = {each.get("class"): float(each.get("width", "")) for each in bars}
    assert width["was"] / width["tr"] == pytest.approx(
        0.3, abs=0.01
    )  # of VCPU, the fullest after the placement
    assert (
        width["add g0"] / width["tr"]
        == width["add g1"] / width["tr"]
        == pytest.approx(0.2, abs=0.01)
    )
    assert page.card("h")["u"] == [["VCPU", 30, 40, 100], ["DISK_GB", 35, 0, 100]]


def test_states_and_running_members_are_told_apart() -> None:
    there = Fleet.model_validate(
        {
            "hosts": [
                {"name": "off", "inventory": {"VCPU": 8}, "enabled": False},
                {"name": "over", "inventory": {"VCPU": 8}, "used": {"VCPU": 9}},
                {"name": "none", "used": {"VCPU": 1}},
                {"name": "fine", "inventory": {"VCPU": 8, "MEMORY_MB": 8192}},
            ]
        }
    )
    app = application(1, 2, existing=[{"group": "group-0", "id": "group-0/0", "host": "over"}])
    app = app.model_copy(update={"groups": app.groups[:1]})
    page = Page(
        picture(
            app,
            there,
            Result(status="feasible", placement={"group-0/1": "fine"}, objective=0, bound=0),
        )
    )
    states = {each.findtext(f"{SVG}text"): each.get("class") for each in page.named("host")}
    assert states == {"off": "host off", "over": "host over", "none": "host over", "fine": "host"}
    assert [page.card(name).get("f") for name in ("off", "over", "fine")] == [
        ["disabled"],
        ["over capacity"],
        None,
    ]
    marks = {each.findtext(f"{SVG}title"): each.get("class") for each in page.named("mark")}
    assert marks == {"group-0/0 (ran here already)": "mark old g0", "group-0/1": "mark g0"}


def test_many_members_on_a_host_share_marks() -> None:
    there = fleet(1)
    app = application(3, 30)
    page = Page(picture(app, there, placed(app, there)))
    assert [each.findtext(f"{SVG}text") for each in page.named("mark")] == [
        f"30\u00d7G{i}" for i in range(3)
    ]
    assert len(page.card("h000000")["m"]) == 90


def test_groups_are_told_by_name_key_and_colour() -> None:
    page, _, _ = drawn(200, groups=25)
    keys = [group["key"] for group in page.data["groups"]]
    assert len(set(keys)) == 25
    assert all(1 <= len(key) <= 3 for key in keys)
    colours = re.findall(r"\.g\d+\{--c:(#\w+);", page.texts["style"])
    assert len(set(colours[:21])) == 21
    buttons = [attrs for tag, attrs in page.tags if tag == "button"]
    assert [attrs["data-g"] for attrs in buttons] == [str(i) for i in range(25)]
    assert "group-24" in (buttons[24]["title"] or "")


def test_keys_differ_where_initials_do_not() -> None:
    names = [
        "web",
        "Web-East-Back",
        "web-end-big",
        "web-egg-box",
        "cache",
        "cats",
        "call-9",
        "c9",
        "9",
        "-",
        "+",
        "日本",
    ]
    keys = [paint.key for paint in paints(names).values()]
    assert len(set(keys)) == len(names)
    assert keys[:2] == ["web", "WEB"]
    assert all(keys)


def test_the_head_tells_the_proof() -> None:
    app, there = application(), fleet(30)
    result = placed(app, there)
    text = picture(app, there, result, objective="spread")
    for part in ("spread 1,234", "1,200", "2.76", "16 members of 4 groups placed", "of 30 hosts"):
        assert part in text
    assert Page(text).data["groups"][0]["rules"] == ["no host holds more than 1 member of group-0"]


def test_an_answer_without_placement_shows_what_runs() -> None:
    app = application(existing=[{"group": "group-1", "id": "old", "host": "h000003"}])
    conflict = {
        "policies": [{"group": "g", "policy": "anti-affinity", "sentence": "too <few> hosts"}]
    }
    result = Result.model_validate({"status": "infeasible", "conflict": conflict})
    text = picture(app, fleet(30), result)
    assert "too &lt;few&gt; hosts" in text
    assert [id_ for id_, *_ in Page(text).data["members"]] == ["old"]


def test_an_unknown_host_is_an_error() -> None:
    result = Result(
        status="feasible", placement={"group-0/0": "nowhere"}, objective=1, bound=1, gap=0.0
    )
    with pytest.raises(UnknownHost):
        picture(application(), fleet(30), result)


def test_pools_are_listed_with_how_full_they_are_and_reserved_hosts_are_marked() -> None:
    ceph = {"name": "ceph", "inventory": {"DISK_GB": 100}, "used": {"DISK_GB": 10}, "hosts": ["h1"]}
    kept = {"name": "h2", "inventory": {"VCPU": 4}, "reserved_for": ["GPU"], "traits": ["GPU"]}
    hosts = [{"name": "h1", "inventory": {"VCPU": 4}, "used": {"DISK_GB": 7}}, kept]
    fleet = Fleet.model_validate({"hosts": hosts, "pools": [ceph]})
    members = [{"resources": {"VCPU": 1, "DISK_GB": 40}}]
    app = Application.model_validate({"groups": [{"name": "A", "members": members}]})
    result = Result(status="feasible", placement={"A/0": "h1"}, objective=0, bound=0, gap=0.0)
    html = picture(app, fleet, result)
    assert "50 GB of 100 GB of disk used, 40 GB by new members" in html
    assert 'value="0.500"' in html
    assert "over capacity</li>" not in html
    assert "reserved for GPU" in html
