"""A picture of any answer is well formed, and has all that its lists refer to."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from groupsolver import Application, Fleet, Limits, explain, solve
from groupsolver.picture import picture
from tests.support.draws.applications import KINDS, cases, dice, draws
from tests.support.draws.survives import cases as survives_cases
from tests.support.minimal_documents import case_of
from tests.unit.picture.test_picture import Page

SOON = Limits(seconds=20, workers=1)


@pytest.mark.parametrize("kind", KINDS)
@draws(8)
@given(data=st.data())
def test_a_picture_shows_the_members_and_the_places_of_the_conflicts_rules(
    kind: str, data: Any
) -> None:
    rnd = data.draw(dice(kind, False))
    app_document, fleet_document = case_of(rnd, lambda rnd: cases(rnd, kind, soft=False))
    app = Application.model_validate(app_document)
    fleet = Fleet.model_validate(fleet_document)
    answer = explain(app, fleet, limits=SOON, fixes=False, every=rnd.random() < 0.5)
    page = Page(picture(app, fleet, answer))
    event(answer.status)
    placed = dict(answer.placement or {})
    where = {id_: host for id_, _, _, host, _ in page.data["members"]}
    running = {member["id"]: member["host"] for member in app_document["existing"]}
    assert where == placed | running
    # Each rule with a button has a place in the drawing, and each place in it a rule.
    drawn = {number for numbers in page.attributes("data-r") for number in numbers.split()}
    assert drawn == set(page.attributes("data-rule"))
    rules = [rule for one in answer.conflicts for rule in (*one.policies, *one.capacity)]
    assert all(1 <= int(number) <= len(rules) for number in drawn)
    event("places are marked" if drawn else "no place is marked")
    for mark in page.svg.iter("{http://www.w3.org/2000/svg}g"):
        assert ("named" in mark.get("class", "").split()) == ("data-r" in mark.attrib)


def test_every_loss_of_the_witness_is_on_a_card_of_what_is_lost() -> None:
    losses = 0
    for seed in range(80):
        app_document, fleet_document = survives_cases(
            Random(f"picture {seed}"), seed % 4 == 0, False
        )
        app = Application.model_validate(app_document)
        fleet = Fleet.model_validate(fleet_document)
        answer = solve(app, fleet, limits=SOON, explain=False)
        data = Page(picture(app, fleet, answer)).data
        expected = {
            key: placement for key, placement in (answer.witness or {}).items() if placement
        }
        shown = {f"{loss['w']}: {loss['t']}": dict(loss["m"]) for loss in data["losses"]}
        assert shown == expected
        on_cards = {number for card in data["cards"] for number in card.get("l", ())}
        assert on_cards == set(range(len(expected)))
        losses += len(expected)
    assert losses > 20
