"""The parts of headroom, and its command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from groupsolver import Application, Fleet, Headroom
from groupsolver.checking.copies import Together
from groupsolver.cli.main import main
from groupsolver.constraints.problem.copies import copies_of
from groupsolver.files.yaml_text import parse_yaml
from groupsolver.model.compiled.host_index import HostIndex
from groupsolver.solver.headroom.knapsack import Knapsacks, trimmed
from groupsolver.solver.headroom.rounding import level_down
from tests.support.small import app, fleet, group, host


def test_the_check_sees_what_copies_break_together() -> None:
    hosts = HostIndex((), fleet(host("a", 3), host("b", 3)).hosts)
    together = Together(app(group("A", 2, "anti-affinity")), hosts)
    good = {"A/0": "a", "A/1": "b"}
    assert not list(together.broken([(good, {})] * 3))
    assert [one.policy for one in together.broken([(good, {})] * 4)] == ["capacity", "capacity"]
    assert [one.policy for one in together.broken([({"A/0": "a", "A/1": "a"}, {})])] == ["copy"]


def test_the_check_sees_two_copies_where_one_has_a_host_to_itself() -> None:
    hosts = HostIndex((), fleet(host("a", 3), host("b", 3)).hosts)
    together = Together(app(group("A", 1, "exclusive")), hosts)
    assert not list(together.broken([({"A/0": "a"}, {}), ({"A/0": "b"}, {})]))
    assert [one.policy for one in together.broken([({"A/0": "a"}, {})] * 2)] == ["exclusive"]


def test_copies_have_groups_and_members_of_their_own() -> None:
    there = {"group": "A", "id": "A/0", "host": "a"}
    made = copies_of(app(group("A", 2, "anti-affinity"), existing=(there,)), 3)
    assert len(made.groups) == 4  # that of what runs, and three
    assert made.groups[0].policies == ()
    assert made.existing[0].resources == {"VCPU": 1}


def test_knapsacks_are_filled_for_most() -> None:
    rng = np.random.default_rng(0)
    free, size = rng.integers(0, 12, (40, 2)), np.array([[2, 3], [3, 1], [1, 1]])
    slots = np.stack([(free // one).min(axis=1) for one in size], axis=1)
    prices = rng.random((40, 3))
    found = Knapsacks(free, slots, size).best(prices)
    counts, value, most = found.counts, found.value, found.bound
    assert (counts @ size <= free).all()
    for row in range(40):
        ways = (np.array([a, b, c]) for a in range(7) for b in range(5) for c in range(13))
        best = max(float(way @ prices[row]) for way in ways if (way @ size <= free[row]).all())
        assert value[row] == pytest.approx(best)
        assert best <= most[row] <= best + 1e-6
    # Few states: the bound is wider, and holds.
    assert (Knapsacks(free, slots, size).best(prices, max_states=1).bound >= value - 1e-9).all()


def test_what_is_free_is_trimmed_to_what_serves() -> None:
    # Sizes (2, 4) and (4, 8): of 7 VCPU 6 serve, in steps of 2, and then no more than 12 of the
    # memory.
    assert trimmed(np.array([[7, 100]]), np.array([[2, 4], [4, 8]])).tolist() == [[6, 12]]


def test_the_largest_counts_give_way() -> None:
    assert level_down(np.array([5, 1, 3]), 6).tolist() == [3, 1, 2]  # 5 + 1 + 3 = 9, three too many


# The command.


def written(folder: Path, name: str, value: Application | Fleet) -> str:
    (folder / name).write_text(json.dumps(value.document()))
    return str(folder / name)


def test_the_command_says_it_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = (
        written(tmp_path, "app.json", app(group("A", 2))),
        written(tmp_path, "fleet.json", fleet(host("a", 5))),
    )
    assert main(["headroom", files[0], "--fleet", files[1], "--workers", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 more copies fit; proved that no more do; ")
    assert lines[2:4] == [
        "what runs out",
        (
            "  - VCPU runs out first: 1 of 5 are left after 2 copies, "
            "room for 1 of A, of which a copy has 2"
        ),
    ]
    assert lines[-3:] == [
        "what one more empty host brings at most, by type",
        "  like  hosts  copies",
        "  a     1        2.50",
    ]


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_command_answers_documents(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = (
        written(tmp_path, "app.json", app(group("A", 2))),
        written(tmp_path, "fleet.json", fleet(host("a", 5))),
    )
    assert (
        main(["headroom", files[0], "--fleet", files[1], "--output", form, "--workers", "1"]) == 0
    )
    assert Headroom.model_validate(parse_yaml(capsys.readouterr().out)).copies == 2


def test_the_command_tells_bad_input_from_nothing_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (
        written(tmp_path, "app.json", app(group("A", 1, vcpu=0))),
        written(tmp_path, "f.json", fleet(host("a"))),
    )
    assert main(["headroom", files[0], "--fleet", files[1]]) == 2
    assert "unbounded-copies" in capsys.readouterr().err
    import groupsolver.solver.headroom.pipeline as module

    found = Headroom(copies=0, bound=3, gap=3.0)
    monkeypatch.setattr(module, "headroom", lambda *_, **__: found)
    assert main(["headroom", files[0], "--fleet", files[1]]) == 3
    assert capsys.readouterr().out.startswith(
        "no further copy was found in time; proved that no more than 3 do"
    )
