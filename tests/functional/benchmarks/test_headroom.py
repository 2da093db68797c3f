"""The benchmark of headroom: its applications are those that it names, and it runs."""

from __future__ import annotations

import pytest

from benchmarks.headroom import APPLICATIONS, main, run
from benchmarks.support.fleets import fleet
from groupsolver import compile_fleet, load_application
from groupsolver.constraints.registry import Application

TINY = compile_fleet(fleet(80, 0))


def members_of(app: Application) -> list[tuple[str, list[str], list[tuple[dict[str, int], int]]]]:
    """Give groups, the kinds of their policies, and sizes and numbers of their members."""
    return [
        (
            one.name,
            [policy.kind for policy in one.policies],
            [(app.resources(m), m.count) for m in one.members],
        )
        for one in app.groups
    ]


def test_its_shop_is_that_of_the_examples() -> None:
    shop = load_application("examples/shop.yaml")
    assert members_of(APPLICATIONS["shop"](TINY, 0)) == members_of(shop)


@pytest.mark.integration
@pytest.mark.parametrize("name", ["shop", "shop-by-racks", "shop-in-one-rack"])
def test_a_small_fleet_is_answered_closely(name: str) -> None:
    answer = run(name, 200, 0, 10.0, 0.02).answer
    # Some 188 databases to a thousand hosts' 1,890 members: 200 hosts have well above a hundred
    # copies.
    assert answer.copies > 50
    assert answer.gap <= 0.1


@pytest.mark.integration
def test_the_driver_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seeds", "1", "--hosts", "80", "--only", "shop", "--time-limit", "5"]) == 0
    assert "shop" in capsys.readouterr().out
