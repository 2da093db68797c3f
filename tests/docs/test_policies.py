"""The page of the policies: each has a picture, an example, a formula, and its price when soft.

`test_pages.py` checks that the fields are complete, and that the commands print what is shown.
"""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from groupsolver import POLICIES, Application, Fleet, check, load_application, load_fleet
from tests.support.doc_pages import ROOT, blocks_of

PAGE = ROOT / "docs" / "policies.md"
TEXT = PAGE.read_text(encoding="utf-8")
PICTURES = ROOT / "docs" / "pictures"
EXAMPLES = ROOT / "examples" / "policies"
FLEETS = {"fleet", "feeds", "network", "numa"}
MAKE = runpy.run_path(str(PICTURES / "make.py"))
SPECS: dict[str, dict[str, Any]] = MAKE["specs"]()
ASKED = {
    "a picture": r"^!\[[^\]]+\]\(pictures/[\w-]+\.svg\)$",
    "an example that is run": r"^\$ groupsolver place examples/policies/",
    "a formula": r"^\*\*Measure\*\*: ",
    "what it does when soft": r"^- \*Soft\*: ",
    "what it does to running members": r"^- \*Existing members\*: ",
    "hosts in no domain": r"^- \*In no domain\*",
    "its source": r"^- \*Source\*: ",
}


def section_of(kind: str, text: str) -> str:
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    return "".join(body for heading, body in sections.items() if kind in heading.split(" and "))


def lacking(text: str) -> set[tuple[str, str]]:
    """Return what the page lacks, by policy."""
    return {
        (kind, what)
        for kind in POLICIES
        for what, mark in ASKED.items()
        if not re.search(mark, section_of(kind, text), re.MULTILINE)
    } | {
        (kind, "its own picture")
        for kind in POLICIES
        if f"(pictures/{kind}.svg)" not in section_of(kind, text)
    }


def loaded(name: str) -> tuple[Application, Fleet]:
    fleet = SPECS[name].get("fleet", "fleet")
    return load_application(EXAMPLES / f"{name}.yaml"), load_fleet(EXAMPLES / f"{fleet}.yaml")


def softened(app: Application, kind: str) -> Application:
    """Return the application with the policies of a kind soft, with weight 10."""
    document = app.model_dump(mode="json", exclude_none=True)
    for group in document["groups"]:
        for policy in group["policies"]:
            if policy["kind"] == kind:
                policy["weight"] = 10
    return Application.model_validate(document)


def test_every_policy_of_the_registry_is_told_in_full() -> None:
    assert lacking(TEXT) == set()


@pytest.mark.parametrize("kind", POLICIES)
def test_a_section_that_is_not_there_is_missed(kind: str) -> None:
    without = TEXT.replace(section_of(kind, TEXT), "")
    assert {what for missed, what in lacking(without) if missed == kind} == {
        *ASKED,
        "its own picture",
    }


def test_the_pictures_and_the_examples_are_those_of_the_page() -> None:
    shown = re.findall(r"^!\[[^\]]+\]\(pictures/([\w-]+)\.svg\)$", TEXT, re.MULTILINE)
    assert len(shown) == len(set(shown))
    assert set(shown) == set(SPECS) == {path.stem for path in PICTURES.glob("*.svg")}
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == {*SPECS, *FLEETS}


@pytest.mark.parametrize("name", SPECS)
def test_the_example_beside_a_picture_is_the_file_that_is_run(name: str) -> None:
    blocks = [block for block in blocks_of(PAGE) if block.info in {"app", ""}]
    (at,) = [
        i for i, block in enumerate(blocks) if f"place examples/policies/{name}.yaml " in block.text
    ]
    assert blocks[at - 1].text == (EXAMPLES / f"{name}.yaml").read_text(encoding="utf-8")
    command = blocks[at].steps[0][0]
    assert (
        f"--fleet examples/policies/{SPECS[name].get('fleet', 'fleet')}.yaml --objective cost"
        in command
    )


@pytest.mark.parametrize("kind", POLICIES)
def test_the_example_of_a_policy_uses_it(kind: str) -> None:
    app, _ = loaded(kind)
    assert kind in {policy.kind for group in app.groups for policy in group.policies}


@pytest.mark.parametrize("name", SPECS)
def test_a_picture_is_what_the_library_draws_now(name: str) -> None:
    # If not on purpose, look why; if it is: python docs/pictures/make.py
    assert (PICTURES / f"{name}.svg").read_text(encoding="utf-8") == MAKE["draw"](name, SPECS[name])


@pytest.mark.parametrize("name", SPECS)
def test_left_of_a_picture_all_is_well_and_right_of_it_one_kind_of_policy_is_broken(
    name: str,
) -> None:
    best, other = MAKE["panels"](name, SPECS[name])
    assert check(best.app, best.fleet, best.placement, objective="cost").violations == ()
    worse = check(
        other.app, other.fleet, other.placement, objective="cost", cells=other.cells or None
    )
    broken = {violation.policy for violation in worse.violations}
    if name == "cells":
        assert broken == {"capacity"}
        return
    broken -= {"capacity"}  # links are capacity, too
    if name == "priorities":
        assert broken == set()
        assert worse.rank > check(best.app, best.fleet, best.placement, objective="cost").rank
    else:
        assert broken == {
            {
                "tenants": "exclusive",
                "near-latency": "near",
                "shards": "anti-affinity",
                "shares": "spread",
                "room": "spread",
            }.get(name, name)
        }


@pytest.mark.parametrize("kind", POLICIES)
def test_what_the_placement_on_the_right_costs_when_soft_is_computed(kind: str) -> None:
    (line,) = re.findall(r"^- \*Soft\*: .*$", section_of(kind, TEXT), re.MULTILINE)
    app, fleet = loaded(kind)
    verdict = check(softened(app, kind), fleet, SPECS[kind]["placement"], objective="cost")
    assert verdict.violations == ()
    cost = sum(penalty.cost for penalty in verdict.penalties)
    assert f"on the right costs {cost}." in line or f" {cost} with `{kind}`" in line


@pytest.mark.parametrize("path", sorted(PICTURES.glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_stands_alone_and_says_in_words_what_it_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    svg = "{http://www.w3.org/2000/svg}"
    ids = (root.get("aria-labelledby") or "").split()
    title, desc = root.find(f"{svg}title"), root.find(f"{svg}desc")
    assert title is not None
    assert desc is not None
    assert [title.get("id"), desc.get("id")] == ids
    assert title.text == SPECS[path.stem]["title"]
    assert " on h" in (desc.text or "")
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"url\(|@import|<script|<image|<use|\bhref=|\bon\w+=", text)
    assert set(re.findall(r"https?://[^\"'\s]*", text)) == {"http://www.w3.org/2000/svg"}
    assert len(text) < 40_000
