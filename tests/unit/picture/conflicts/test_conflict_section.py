"""The section of a page that says why there is no placement."""

from __future__ import annotations

from typing import Any

from groupsolver.constraints.registry import Application
from groupsolver.model.result import Explanation, Result
from groupsolver.picture import picture
from groupsolver.picture.conflicts.conflict_section import MAX_FIXES
from groupsolver.picture.conflicts.numbered_rules import (
    MAX_CONFLICTS,
    MAX_RULES,
    numbered_conflicts,
)
from tests.unit.picture.test_picture import Page, application, fleet

SIZE = {"group": "group-0", "policy": "members", "sentence": "4 new members of group-0 are placed"}
APART = {
    "group": "group-0",
    "policy": "anti-affinity",
    "sentence": "no host holds more than 1 member of group-0; 4 members need 4 hosts",
}
SPREAD = {"group": "group-1", "policy": "spread", "sentence": "members of group-1 cover 4 zones"}
MEMORY = {
    "resource": "MEMORY_MB",
    "needed": 65536,
    "available": 49152,
    "sentence": "a member of group-0 takes 64 GB of memory; no host has more than 48 GB",
}


def conflict(**more: Any) -> dict[str, Any]:
    return {"policies": [SIZE, SPREAD, APART], "capacity": [MEMORY], "minimal": True, **more}


def infeasible(**more: Any) -> Result:
    return Result.model_validate({"status": "infeasible", "conflict": conflict(**more)})


def section(result: Result, app: Application | None = None) -> str:
    text = picture(app or application(), fleet(30), result)
    Page(text)  # well formed
    start = text.index('<section class="conflict"')
    return text[start : text.index("</section>", start)]


def test_rules_are_numbered_in_the_files_order_with_sizes_and_shortages_last() -> None:
    (numbered,) = numbered_conflicts(application(), infeasible())
    found = [(rule.number, rule.group, rule.rule) for rule in numbered.rules]
    assert [(number, group) for number, group, _ in found] == [
        (1, "group-0"),
        (2, "group-1"),
        (3, "group-0"),
        (4, "room"),
    ]
    text = section(infeasible())
    assert "These 3 rules and the room that is left contradict each other (none can be" in text
    assert "<p>no host holds more than 1 member of group-0</p>" in text
    assert '<p class="evidence">4 members need 4 hosts</p>' in text


def test_what_is_short_is_a_meter() -> None:
    text = section(infeasible())
    # 48 GB of 64 GB are three quarters.
    assert 'max="1" value="0.750">75%</meter>' in text
    assert "64 GB of memory needed, at most 48 GB available" in text


def test_fixes_are_listed_by_their_cost_which_comes_first() -> None:
    fixes = [
        {"change": f"change {i}", "cost": 1000 + i, "placement": None} for i in range(MAX_FIXES + 3)
    ]
    text = section(infeasible(fixes=fixes))
    assert '<li><span class="cost">cost 1,000</span><div>change 0</div></li>' in text
    assert f"change {MAX_FIXES}<" not in text
    assert "and 3 more changes" in text
    assert "Cheapest changes" not in section(infeasible())


def test_a_long_conflict_is_bounded() -> None:
    rules = [{**SPREAD, "sentence": f"rule {i}."} for i in range(MAX_RULES + 1)]
    text = section(infeasible(policies=rules, capacity=[]))
    assert text.count('<span class="number">') == MAX_RULES
    assert "and 1 more rule<" in text


def test_several_conflicts_are_numbered_through_and_an_empty_fleet_is_told_of() -> None:
    first = {**conflict(), "policies": [APART]}
    second = {"policies": [SPREAD, {**SIZE, "group": "group-1"}], "capacity": [], "minimal": False}
    document = {"status": "infeasible", "conflict": first, "conflicts": [first, second]}
    never = section(Explanation.model_validate({**document, "never": True}))
    assert "<h2>2 conflicts, each of which alone prevents a placement</h2>" in never
    assert "Conflict 2: these 2 rules contradict each other" in never
    assert [f'class="number">{i}<' in never for i in (1, 2, 3, 4, 5)] == [True] * 4 + [False]
    assert "On this fleet it can never fit, even if it were empty." in never
    fits = section(Explanation.model_validate({**document, "never": False}))
    assert "On an empty fleet it would fit." in fits


def test_many_conflicts_are_bounded() -> None:
    conflicts = [conflict() for _ in range(MAX_CONFLICTS + 2)]
    document = {"status": "infeasible", "conflict": conflicts[0], "conflicts": conflicts}
    text = section(Explanation.model_validate(document))
    assert f"<h2>{MAX_CONFLICTS + 2} conflicts, each" in text
    assert f"Conflict {MAX_CONFLICTS}: " in text
    assert f"Conflict {MAX_CONFLICTS + 1}: " not in text
    assert "and 2 more conflicts" in text


def test_a_placement_and_an_answer_out_of_time_have_no_such_section() -> None:
    for result in (Result(status="unknown"), Result(status="feasible", placement={})):
        text = picture(application(), fleet(30), result)
        assert '<section class="conflict"' not in text


def test_a_page_without_members_has_no_list_of_them() -> None:
    text = picture(application(), fleet(30), infeasible())
    assert 'id="members"' not in text
    assert Page(text).texts["title"].startswith("shop: no placement")
