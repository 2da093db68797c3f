"""Figures: small fleets as one SVG, with what the checker says of them."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from groupsolver.constraints.registry import Application
from groupsolver.errors import BadInput
from groupsolver.model.fleet import Fleet
from groupsolver.picture import Panel, figure
from tests.unit.picture.test_picture import SVG
from tests.unit.picture.test_safety import hostile


def fleet(**more: Any) -> Fleet:
    hosts = [
        {"name": f"h{i}", "domains": {"rack": f"r{i // 2}"}, "inventory": {"VCPU": 8}}
        for i in range(4)
    ]
    return Fleet.model_validate({"levels": ["rack"], "hosts": hosts, **more})


def app(*policies: dict[str, Any], **more: Any) -> Application:
    group = {
        "name": "web",
        "policies": policies,
        "members": [{"resources": {"VCPU": 1}, "count": 2}],
    }
    return Application.model_validate({"groups": [group], **more})


def drawn(there: Fleet, of: Application, **placement: str) -> ET.Element:
    where = {f"web/{id_[1:]}": host for id_, host in placement.items()}
    return ET.fromstring(figure([Panel(of, there, where, "Said.")], title="T"))


def texts(root: ET.Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def classed(root: ET.Element, name: str, tag: str = "rect") -> list[ET.Element]:
    return [each for each in root.iter(f"{SVG}{tag}") if name in each.get("class", "").split()]


APART = {"kind": "anti-affinity", "level": "rack"}


def test_the_number_above_a_placement_is_the_checkers() -> None:
    assert "measure 0" in texts(drawn(fleet(), app(APART), m0="h0", m1="h2"))
    assert "measure 1" in texts(drawn(fleet(), app(APART), m0="h0", m1="h1"))
    # Soft, 7 x 1 member too many; a hard one beside it holds.
    soft = {**APART, "weight": 7}
    assert "costs 7" in texts(drawn(fleet(), app(soft), m0="h0", m1="h1"))
    assert "measure 0, costs 7" in texts(
        drawn(fleet(), app(soft, {"kind": "affinity", "level": "rack"}), m0="h0", m1="h1")
    )


def test_members_are_framed_without_whom_less_is_broken() -> None:
    assert len(classed(drawn(fleet(), app(APART), m0="h0", m1="h1"), "wrong")) == 2
    assert classed(drawn(fleet(), app(APART), m0="h0", m1="h2"), "wrong") == []
    # What is soft is no wrong.
    assert classed(drawn(fleet(), app({**APART, "weight": 1}), m0="h0", m1="h1"), "wrong") == []


def test_domains_at_which_a_policy_speaks_are_marked_and_those_in_use_filled() -> None:
    root = drawn(fleet(), app(APART), m0="h0", m1="h1")
    assert len(classed(root, "at")) == 2
    assert len(classed(root, "here")) == 1
    of = Panel(app(APART), fleet(), {"web/0": "h0"}, "")
    marked = ET.fromstring(figure([of], title="T", level="host"))
    assert len(classed(marked, "at")) == 4


def test_hosts_where_nobody_may_stand_are_dashed() -> None:
    root = drawn(fleet(), app({"kind": "within", "hosts": ["h0", "h3"]}), m0="h0")
    assert len(classed(root, "shut", "g")) == 2


def test_running_members_and_other_use_are_told_apart() -> None:
    hosts = [
        {"name": "h0", "inventory": {"VCPU": 8}, "used": {"VCPU": 3}},
        {"name": "h1", "used": {"VCPU": 1}},
    ]
    ran = {"group": "web", "id": "old", "host": "h0", "resources": {"VCPU": 3}}
    root = drawn(Fleet.model_validate({"hosts": hosts}), app(existing=[ran]), m0="h0")
    assert len(classed(root, "ran")) == 1
    assert len(classed(root, "card")) == 1
    # h0's use is all the running member's; h1's is somebody else's.
    assert texts(root).count("in use") == 1
    assert "old ran already on h0" in (root.findtext(f"{SVG}desc") or "")


def test_links_are_drawn_with_what_is_asked_for() -> None:
    links = [
        {"between": ["r0", "s"], "bandwidth_mbps": 100, "used_mbps": 30, "latency_us": 5},
        {"between": ["r0", "r1"]},
        {"between": ["h3", "s"]},
        {"between": ["nowhere", "elsewhere"]},
    ]
    panel = Panel(app(), fleet(links=links), {}, "")
    plain = ET.fromstring(figure([panel], title="T"))
    assert len(classed(plain, "link", "path")) == 3
    assert [each.text for each in classed(plain, "st", "text")] == ["s"]
    assert classed(plain, "lt", "text") == []
    drawing = ET.fromstring(figure([panel], title="T", tell=["bandwidth_mbps", "latency_us"]))
    assert [each.text for each in classed(drawing, "lt", "text")] == ["70 free, 5 µs"]


def test_a_level_across_the_frames_is_written_into_them() -> None:
    hosts = [
        {"name": f"h{i}", "domains": {"rack": f"r{i // 2}", "feed": "AB"[i // 2 % 2], "zone": "z"}}
        for i in range(8)
    ]
    hosts += [
        {"name": f"g{i}", "domains": {"rack": f"q{i // 2}", "feed": "A", "zone": "y"}}
        for i in range(4)
    ]
    root = drawn(
        Fleet.model_validate({"levels": ["zone", "rack", "feed"], "hosts": hosts}), app(), m0="h0"
    )
    assert texts(root).count("feed A") == 4
    assert texts(root).count("feed B") == 2


def test_names_are_text_whatever_they_contain() -> None:
    of, there, result = hostile()
    assert result.placement
    name = "<script>&\"'\u202e"
    text = figure([Panel(of, there, result.placement, name)], title=name, tell=["T"])
    root = ET.fromstring(text)
    assert not [each for each in root.iter() if each.tag in {f"{SVG}script", f"{SVG}img"}]
    assert not re.search("[\u202a-\u202e\ufffe]", text)


def test_members_stand_in_their_cells_and_what_has_no_room_is_said() -> None:
    cells = [{"inventory": {"VCPU": 1}}, {"name": "two", "inventory": {"VCPU": 1}}]
    there = Fleet.model_validate({"hosts": [{"name": "h", "cells": cells}]})
    where = {"web/0": "h", "web/1": "h"}
    apart = ET.fromstring(
        figure([Panel(app(), there, where, "", {"web/0": "0", "web/1": "two"})], title="T")
    )
    assert texts(apart)[:5] == ["placed", "", "h", "cell 0", "web/0"]
    assert texts(apart)[5:] == ["cell two", "web/1"]
    # Two members of 1 VCPU in a cell of 1.
    both = ET.fromstring(
        figure([Panel(app(), there, where, "", {"web/0": "0", "web/1": "0"})], title="T")
    )
    assert texts(both)[0] == "no room"


def test_the_same_input_gives_the_same_text_and_no_panel_is_an_empty_figure() -> None:
    panels = [
        Panel(
            app(APART),
            fleet(),
            {"web/0": "h0"},
            "A caption that has some words, for two lines or more",
        )
    ] * 3
    assert figure(panels, title="T") == figure(panels, title="T")
    ET.fromstring(figure([], title="T"))


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(BadInput):
        figure([Panel(app({"kind": "affinity", "level": "row"}), fleet(), {}, "")], title="T")
    for of in (app(), app(APART)):
        with pytest.raises(BadInput):
            figure([Panel(of, fleet(), {"web/0": "h9"}, "")], title="T")
