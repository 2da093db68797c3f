"""What headroom hides: drawn worlds of two projects, and what each may know of the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings

from groupsolver.constraints.problem.copies import copies_of
from groupsolver.store.state.project_scope import compose_application
from groupsolver.wire.bodies.headroom import HeadroomAnswer
from groupsolver.wire.read import read_data
from tests.functional.api.explain.test_explain_leaks import SEEDS, TENANT, Drawn, answer_text, hides
from tests.support.drivers.api_driver import World, opened

AMOUNT = re.compile(r"\d")
FORMS = {"member": "application/xml", "service": "application/json", "admin": "application/json"}
_seen = {"some": 0, "none": 0, "scarce": 0, "less": 0, "fewer": 0}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened(
        tmp_path_factory.mktemp("leaks"), time_limit=0.6, reveal_hosts=["service"]
    ) as world:
        yield world
    assert min(_seen.values()) > 0, _seen


@settings(max_examples=settings().max_examples * 2 // 3)  # each asks three times
@given(SEEDS)
def test_nothing_of_another_project_is_told(app: World, seed: int) -> None:
    drawn = Drawn(Random(seed))
    app.app.service.snapshot_cache.snapshot = lambda: drawn.now  # type: ignore[method-assign]
    askers = {role: app.asker(TENANT, role) for role in ("member", "service", "admin")}
    answers = {
        role: answer_text(asker, drawn, "~/headroom", FORMS[role]) for role, asker in askers.items()
    }
    if answers["member"].status_code != 200:
        assert answers["member"].status_code in {400, 503}, answers["member"].text
        return
    found = {role: read(answer) for role, answer in answers.items() if answer.status_code == 200}
    plain = found["member"]
    assert (plain["unlocks"], plain["warnings"]) == ([], [])
    hides(drawn, answers["member"].text)
    traits = {trait for group in mine(drawn) for trait in ("SSD", "GPU") if f'"{trait}"' in group}
    texts = [one["sentence"] for one in plain["scarce"]]
    assert {trait for trait in ("SSD", "GPU") if trait in " ".join(texts)} <= traits
    for one in plain["scarce"]:
        _seen["scarce"] += 1
        assert one["name"] in {*traits, "reserved_for"} or one["kind"] != "trait"
        unnamed = without_names(drawn, one["sentence"])
        if one["kind"] in {"resource", "trait"}:
            assert not AMOUNT.search(unnamed), one
    hosted = found.get("service", plain)
    assert "green-" not in json.dumps([one["sentence"] for one in hosted["scarce"]])
    # All audiences read the same, except for others' rules. The number of copies is the same, too,
    # as far as there was time.
    for other in found.values():
        assert max(other["copies"], plain["copies"]) <= min(other["bound"], plain["bound"])
        kinds = [(one["kind"], one["name"]) for one in other["scarce"]]
        if (other["copies"], plain["copies"]) == (other["bound"], plain["bound"]):
            assert {(one["kind"], one["name"]) for one in plain["scarce"]} <= set(kinds)
            _seen["less"] += len(plain["scarce"]) < len(kinds)
    _seen["some"] += plain["copies"] > 0
    _seen["none"] += plain["copies"] == 0
    left_out(drawn)


def read(answer: Any) -> Any:
    kind: Any = answer.mimetype.partition("/")[2]
    return read_data(kind, answer.data, HeadroomAnswer)["headroom"]


def mine(drawn: Drawn) -> list[str]:
    """The policies of the project's own groups."""
    own = [group for group in drawn.groups.values() if group.tenant_id == TENANT]
    return [json.dumps([policy.document() for policy in group.policies]) for group in own]


def without_names(drawn: Drawn, sentence: str) -> str:
    """Take out what the asker gave itself: names and ids of groups, and traits."""
    for group in drawn.groups.values():
        sentence = sentence.replace(str(group.name), "").replace(group.id, "")
    return re.sub(r"\b[A-Z][A-Z0-9_]+\b", "", sentence)


def left_out(drawn: Drawn) -> None:
    """Groups that a copy has no members of are in it only where its rules look at them."""
    whole = compose_application(drawn.requested(), drawn.now)
    copy = copies_of(whole, 1)
    fresh = {group.name.partition("\0")[0] for group in copy.groups if "\0" in group.name}
    with_members = {group.name for group in whole.groups if group.members}
    assert with_members <= fresh <= {group.name for group in whole.groups}
    names = {group.name for group in copy.groups}
    assert all(child in names for group in copy.groups for child in group.groups)
    assert all(
        policy.target in names
        for group in copy.groups
        for policy in group.policies
        if policy.target
    )
    _seen["fewer"] += len(fresh) < len(whole.groups)
