"""Where members go after a loss, by what is lost."""

from __future__ import annotations

from typing import Any

from groupsolver.constraints.problem.problem import Problem
from groupsolver.constraints.registry import Application
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result
from groupsolver.picture import picture
from groupsolver.picture.recovery_cards import MAX_MEMBERS, RecoveryCards
from tests.unit.picture.test_picture import Page

RACKS = ["r1", "r2", "r1 + r2"]
FLEET = {
    "levels": ["rack", "feed"],
    "hosts": [
        {"name": f"h{i}", "domains": {"rack": RACKS[i // 2], "feed": f"f{i % 2}"}} for i in range(6)
    ],
}


def application(*policies: Any, members: int = 2) -> Application:
    group = {
        "name": "db",
        "members": [{"resources": {}, "count": members}],
        "policies": policies,
    }
    return Application.model_validate({"groups": [group]})


def survives(level: str, failures: int = 1) -> dict[str, Any]:
    return {"kind": "survives", "level": level, "failures": failures}


def cards(app: Application, witness: Any) -> RecoveryCards:
    fleet = Fleet.model_validate(FLEET)
    problem = Problem(app, HostIndex(fleet.levels, fleet.hosts))
    return RecoveryCards(problem, witness, ["rack"])


def test_a_loss_is_on_the_card_of_its_domain() -> None:
    moves = {"db/0": "h2", "db/1": "h3"}
    found = cards(application(survives("rack")), {"db: rack r1": moves, "db: rack r2": {}})
    assert found.cards == [
        {"t": "rack r1", "w": "db", "m": [["db/0", "h2"], ["db/1", "h3"]], "n": 2}
    ]
    assert found.of_domain("rack", "r1") == [0]
    assert found.of_domain("rack", "r2") == found.of_domain("rack", None) == []


def test_a_loss_of_several_domains_is_on_the_card_of_each() -> None:
    witness = {"db: rack r1 + r2": {"db/0": "h5"}, "db: rack r2 + r1 + r2": {"db/0": "h0"}}
    found = cards(application(survives("rack", 2)), witness)
    # The longest name that is known counts: "r1 + r2" is a rack.
    assert [card["t"] for card in found.cards] == ["rack r1 + r2", "rack r2 + r1 + r2"]
    assert found.of_domain("rack", "r1 + r2") == [0, 1]
    assert found.of_domain("rack", "r2") == [1]


def test_what_no_policy_speaks_of_is_left_out() -> None:
    witness = {
        "db: zone r1": {"db/0": "h2"},
        "web: rack r1": {"db/0": "h2"},
        "db: rack r7": {"db/0": "h2"},
        "": {"db/0": "h2"},
    }
    assert not cards(application(survives("rack")), witness).cards
    assert not cards(application(), {"db: rack r1": {"db/0": "h2"}}).cards
    assert not cards(application(survives("rack")), None).cards


def test_a_loss_at_a_level_that_is_not_drawn_is_on_the_cards_of_its_hosts() -> None:
    fleet = Fleet.model_validate(FLEET)
    app = application(survives("feed"), survives("host"))
    witness = {"db: feed f0": {"db/0": "h1"}, "db: host h2": {"db/0": "h3"}}
    found = cards(app, witness)
    assert [found.of_host(host) for host in fleet.hosts] == [[0], [], [1, 0], [], [0], []]


def test_a_long_list_of_members_is_counted() -> None:
    members = MAX_MEMBERS + 4
    moves = {f"db/{i}": "h2" for i in range(members)}
    found = cards(application(survives("rack"), members=members), {"db: rack r1": moves})
    assert (len(found.cards[0]["m"]), found.cards[0]["n"]) == (MAX_MEMBERS, members)


def test_the_page_has_them_and_says_so() -> None:
    fleet = Fleet.model_validate(FLEET)
    app = application(survives("rack"))
    result = Result(
        status="feasible",
        placement={"db/0": "h0", "db/1": "h2"},
        witness={"db: rack r1": {"db/0": "h3"}, "db: rack r2": {"db/1": "h1"}},
    )
    text = picture(app, fleet, result)
    page = Page(text)
    assert page.card("rack r1")["l"] == [0]
    assert page.card("rack r2")["l"] == [1]
    assert [loss["t"] for loss in page.data["losses"]] == ["rack r1", "rack r2"]
    assert "whose loss the application survives" in text
    without = picture(app, fleet, result.model_copy(update={"witness": None}))
    assert "whose loss the application survives" not in without


def test_a_domain_that_is_folded_keeps_its_losses() -> None:
    racks = 1100
    hosts = [{"name": f"h{i}", "domains": {"rack": f"r{i}"}} for i in range(racks)]
    fleet = Fleet.model_validate({"levels": ["rack"], "hosts": hosts})
    app = application(survives("rack"), members=racks)
    placement = {f"db/{i}": f"h{i}" for i in range(racks)}
    witness = {"db: rack r7": {"db/7": "h0"}}
    result = Result(status="feasible", placement=placement, witness=witness)
    page = Page(picture(app, fleet, result))
    assert not page.named("host")
    assert page.card("rack r7")["l"] == [0]
