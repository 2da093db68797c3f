"""Placements that pay for the hosts that they open: the answer, and claims at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.api.placements.test_soft_claims import Meeting, at_once
from tests.support.drivers.api_driver import Asker, World, hosts, one, opened, refused, spots


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with opened(tmp_path, waiting=4) as world:
        world.asker("demo", "admin").load(*hosts(4, vcpu=8))
        yield world


@pytest.fixture
def admin(world: World) -> Asker:
    return world.asker("demo", "admin")


def test_instances_share_a_host_where_opening_another_costs_more(admin: Asker) -> None:
    placed = admin.place(one(count=3), objective="spread", host_price=5000)
    # Hosts are empty, so members cost 0; the second and third of one host 1000 + 2000.
    assert len(set(spots(placed))) == 1
    assert (placed["status"], placed["objective"]) == ("optimal", 5000 + 3000)
    # Now that host is open: 8 VCPU with 3 in use. A fourth member costs nothing more there.
    later = admin.place(one(), objective="cost", host_price=5)
    assert (spots(later)[0], later["objective"]) == (spots(placed)[0], 0)


def test_a_hosts_own_opening_cost_is_kept_and_replaces_the_price(admin: Asker) -> None:
    *others, last = hosts(4, vcpu=8)
    admin.load(*others, {**last, "opening_cost": 2})
    assert admin("GET", "/v1.0/fleet/hosts/h3").get_json()["opening_cost"] == 2
    assert "opening_cost" not in admin("GET", "/v1.0/fleet/hosts/h0").get_json()
    placed = admin.place(one(), objective="cost", host_price=9)
    assert (spots(placed), placed["objective"]) == (["h3"], 2)


def test_two_requests_at_once_open_one_host(admin: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    # Alone, the first goes to h0, and the second, which may not, to h1.
    away = admin.id(policies=[{"kind": "outside", "hosts": ["h0"], "weight": 1}])
    Meeting(monkeypatch, 2)
    answers = at_once(
        lambda: admin.ask(one(), objective="cost", host_price=50),
        lambda: admin.ask(one(away), objective="cost", host_price=50),
    )
    placed = [answer.get_json()["placement"] for answer in answers]
    assert len({spots(one_of_them)[0] for one_of_them in placed}) == 1
    assert {one_of_them["status"] for one_of_them in placed} == {"optimal"}


def test_a_price_is_an_amount(admin: Asker) -> None:
    answer = admin.ask(one(), host_price=-1)
    assert refused(answer, "out-of-range", 400)
