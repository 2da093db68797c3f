"""The legend of groups, and of groups of groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser

from groupsolver.constraints.registry import Application
from groupsolver.model.fleet import Fleet
from groupsolver.model.nesting import below_of
from groupsolver.model.result import Result
from groupsolver.picture import picture
from groupsolver.picture.host_state import Mark, Tally
from groupsolver.picture.palette import paints
from groupsolver.picture.sections.legend import MAX_DEPTH, MAX_ENTRIES, GroupLegend
from tests.unit.picture.test_picture import Page


class Lists(HTMLParser):
    """Names of groups with the number of boxes around each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.entries: list[tuple[int, str]] = []
        self._open: list[str] = []
        self.feed(text)
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1] == "bdi":
            self.entries.append((self._open.count("ul") - 1, data))


def legend(
    children: Mapping[str, Sequence[str]], total: Tally | None = None
) -> tuple[str, list[list[int]]]:
    """Return the legend of groups, of which those with nothing below have members."""
    colours = paints([name for name in children if not children[name]])
    groups = [Nested(name, below) for name, below in children.items()]
    made = GroupLegend(colours, children, total or Tally())
    return made.html(below_of(groups)), made.below


class Nested:
    def __init__(self, name: str, groups: Sequence[str]) -> None:
        self.name = name
        self.groups = groups


def test_groups_of_groups_are_lists_in_lists() -> None:
    # LB is below two groups.
    children = {"LB": [], "WS": [], "tier": ["LB", "WS"], "audited": ["LB"], "site": ["tier"]}
    text, below = legend(children)
    assert Lists(text).entries == [
        (0, "audited"),
        (1, "LB"),
        (0, "site"),
        (1, "tier"),
        (2, "LB"),
        (2, "WS"),
    ]
    # LB 0 and WS 1 have colours; tier 2, audited 3 and site 4 are around them.
    assert below == [[], [], [0, 1], [0], [2]]
    assert '<span class="keys" aria-hidden="true"><i class="g0"></i><i class="g1"></i>' in text


def test_without_nesting_it_is_a_flat_list() -> None:
    text, below = legend({"a": [], "b": []})
    assert Lists(text).entries == [(0, "a"), (0, "b")]
    assert below == []
    assert 'class="box"' not in text


def test_a_group_has_the_members_of_all_below_it() -> None:
    marks = [
        Mark(0, "1", "a", "h", True, {}),
        Mark(1, "2", "b", "h", True, {}),
        Mark(2, "3", "b", "h", False, {}),
    ]
    text, _ = legend({"a": [], "b": [], "all": ["a", "b"]}, Tally(marks=marks))
    counts = re.findall(r'<bdi>(\w+)</bdi><span class="soft">([^<]*)<', text)
    assert counts == [("all", "2 + 1 ran already"), ("a", "1"), ("b", "1 + 1 ran already")]


def test_deep_nesting_ends_in_the_innermost_box() -> None:
    depth = 3000
    children: dict[str, list[str]] = {f"g{i}": [f"g{i + 1}"] for i in range(depth)}
    children[f"g{depth}"] = []
    text, _ = legend(children)
    entries = Lists(text).entries
    assert [level for level, _ in entries[: MAX_DEPTH + 2]] == [*range(MAX_DEPTH + 1), MAX_DEPTH]
    assert len(entries) == MAX_ENTRIES
    assert f"and {depth + 1 - MAX_ENTRIES:,} more groups" in text


def test_a_ladder_of_shared_groups_stays_small() -> None:
    # Each step has two groups that are both below both groups of the step before: 2 to the 30 ways.
    children = {f"{side}{i}": [f"a{i + 1}", f"b{i + 1}"] for i in range(30) for side in "ab"}
    children |= {"a30": [], "b30": []}
    text, _ = legend(children)
    assert len(Lists(text).entries) <= 4 * 31


def test_the_page_has_the_nesting_for_its_script() -> None:
    app = Application.model_validate({
        "groups": [
            {"name": "a", "members": [{"resources": {}}]},
            {"name": "all", "groups": ["a"]},
        ],
    })  # fmt: skip
    fleet = Fleet.model_validate({"hosts": [{"name": "h"}]})
    page = Page(picture(app, fleet, Result(status="feasible", placement={"a/0": "h"})))
    assert page.data["below"] == [[], [0]]
    assert page.attributes("data-g") == ["1", "0"]
