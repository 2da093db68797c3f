"""The picture: safe with any name, without a network, and small at any size of fleet."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Explanation, Result
from groupsolver.picture import picture
from tests.unit.picture.test_picture import Page, application, drawn, fleet, placed

HOSTILE = [
    "<script>alert(1)</script>",
    "</title><img src=x onerror=alert(1)>",
    "\"onmouseover='alert(1)",
    "]]>&amp;<!--",
    "a\u202eb\ufffe",
    "日本語",
]


def hostile() -> tuple[Application, Fleet, Result]:
    hosts = [
        {"name": name, "domains": {name: name}, "inventory": {"VCPU": 9}, "traits": ["T"]}
        for name in HOSTILE
    ]
    there = Fleet.model_validate({"levels": HOSTILE, "hosts": hosts})
    groups = [
        {
            "name": name.replace("/", "\\"),
            "members": [{"resources": {"VCPU": 1}, "id": name}],
            "policies": [{"kind": "anti-affinity", "level": name}],
        }
        for name in HOSTILE
    ]
    app = Application.model_validate({"name": HOSTILE[0], "groups": groups})
    penalty = {"group": HOSTILE[0], "policy": HOSTILE[1], "cost": 1, "detail": HOSTILE[1]}
    return app, there, Result.model_validate({
        "status": "optimal", "placement": {name: name for name in HOSTILE},
        "objective": 1, "bound": 1, "gap": 0.0, "penalties": [penalty], "warnings": HOSTILE,
    })  # fmt: skip


def hostile_network() -> tuple[Application, Fleet, Result]:
    """Return groups of groups, links between hosts over switches, and a witness of losses."""
    hosts = [
        {"name": name, "domains": {"rack": f"rack {name}"}, "inventory": {"VCPU": 9}}
        for name in HOSTILE
    ]
    links = [{"between": [name, f"switch {name}"], "bandwidth_mbps": 9} for name in HOSTILE]
    links += [{"between": [f"switch {name}", f"core {HOSTILE[0]}"]} for name in HOSTILE]
    there = Fleet.model_validate({"levels": ["rack"], "hosts": hosts, "links": links})
    names = [name.replace("/", "\\") for name in HOSTILE]
    survives = {"kind": "survives", "level": "rack"}
    groups: list[dict[str, Any]] = [
        {
            "name": name,
            "members": [{"resources": {"VCPU": 1}, "id": id_}],
            "policies": [{"kind": "bandwidth", "mbps": 1}, survives],
        }
        for name, id_ in zip(names, HOSTILE, strict=True)
    ]
    groups += [{"name": f"all {name}", "groups": [name]} for name in names]
    app = Application.model_validate({"name": HOSTILE[0], "groups": groups})
    witness = {
        f"{name}: rack rack {id_}": {id_: HOSTILE[-1]}
        for name, id_ in zip(names, HOSTILE, strict=True)
    }
    placement = {name: name for name in HOSTILE}
    return app, there, Result(status="feasible", placement=placement, witness=witness)


def hostile_conflict() -> tuple[Application, Fleet, Result]:
    """Return a conflict in which every text is hostile, over the hosts and domains of `hostile`."""
    app, there, _ = hostile()
    groups = [
        {
            **group,
            "policies": [
                {"kind": "within", "hosts": HOSTILE, "domains": {HOSTILE[0]: HOSTILE}},
            ],
        }
        for group in app.document()["groups"]
    ]
    rules = [
        {"group": group["name"], "policy": "within", "sentence": f"{text}; {text}"}
        for group, text in zip(groups, HOSTILE, strict=True)
    ]
    shortages = [
        {"resource": text, "needed": 2, "available": 1, "sentence": text} for text in HOSTILE
    ]
    fixes = [{"change": text, "cost": 1, "placement": None} for text in HOSTILE]
    conflict = {"policies": rules, "capacity": shortages, "fixes": fixes}
    document = {"status": "infeasible", "conflict": conflict, "warnings": HOSTILE}
    explained = {**document, "conflicts": [conflict, conflict], "never": True}
    app = Application.model_validate({"name": HOSTILE[0], "groups": groups})
    return app, there, Explanation.model_validate(explained)


def assert_safe(text: str) -> Page:
    """Fail where a name has become markup, or a mark that turns text around is left."""
    page = Page(text)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert not [tag for tag, _ in page.tags if tag in {"img", "b"}]
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")]
    assert not page.attributes("style")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\ufffe]", text)
    return page


def test_conflicts_are_text_whatever_they_contain() -> None:
    text = picture(*hostile_conflict())
    page = assert_safe(text)
    assert len(page.named("named")) == 7  # each host, and the one domain of the first level
    section = text[text.index('<section class="conflict"') :]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in section
    assert page.texts["title"].startswith(f"{HOSTILE[0]}: no placement")


def test_links_nested_groups_and_losses_are_text_whatever_they_contain() -> None:
    text = picture(*hostile_network())
    page = assert_safe(text)
    assert 'class="links"' in text
    assert "switch &lt;script&gt;" in text
    assert "all &lt;script&gt;" in text
    assert [loss["m"] for loss in page.data["losses"]] == [[[id_, HOSTILE[-1]]] for id_ in HOSTILE]


def test_names_are_text_whatever_they_contain() -> None:
    page = assert_safe(picture(*hostile()))
    # In the data they are exact, so that an address can select them.
    assert [id_ for id_, *_ in page.data["members"]] == HOSTILE
    assert page.texts["title"].startswith(f"{HOSTILE[0]}: placement")


def test_the_page_loads_nothing() -> None:
    _, _, text = drawn(200)
    assert set(re.findall(r"https?://[^\"'\s]*", text)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"url\((?!#)|@import|<link|\bsrc=", text)
    page = Page(text)
    policy = page.attributes("content")[0]
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.texts[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not page.attributes("style")  # the policy would refuse them


@pytest.mark.parametrize(
    ("hosts", "members", "limit"),
    [(30, 4, 100_000), (10_000, 10, 400_000), (10_000, 200, 1_500_000)],
)
def test_the_page_stays_small(hosts: int, members: int, limit: int) -> None:
    _, result, text = drawn(hosts, groups=10, members=members)
    assert result.placement
    assert len(result.placement) == 10 * members
    assert len(text.encode()) < limit


def test_huge_fleets_are_folded() -> None:
    page, _, text = drawn(50_000, groups=2)
    assert len(text) < 1_500_000
    assert len(page.named("host")) == 8


def test_many_busy_hosts_become_tiles_that_name_the_members() -> None:
    page, result, _ = drawn(3_000, groups=10, members=200)
    assert result.placement
    assert not page.named("host")
    members = [
        page.data["members"][number][0]
        for card in page.data["cards"]
        for number in card.get("m", ())
    ]
    assert sorted(members) == sorted(result.placement)


def test_the_same_input_gives_the_same_page() -> None:
    app, there = application(), fleet(200)
    result = placed(app, there)
    first = picture(app, there, result)
    assert picture(app, there, result) == first
    assert picture(app, HostIndex(there.levels, there.hosts), result) == first
