"""``groupsolver explain``: which rules contradict each other, what would help, in every form."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from groupsolver import Application, Conflict, Costs, Explanation, Limits, Result
from groupsolver.cli.main import main
from groupsolver.cli.output.conflict_report import conflict_lines
from groupsolver.cli.output.text_table import MAX_CELL_WIDTH, table
from groupsolver.cli.whatif.costs import parse_costs
from groupsolver.files import parse_application
from groupsolver.files.yaml_text import parse_yaml
from groupsolver.model.result import ConflictingPolicy, Fix, Shortage
from tests.support.documents import write
from tests.support.faults import faults

Captured = pytest.CaptureFixture[str]
# Two racks, r1 of two hosts and r2 of one, with 4 VCPU each; half of c is used.
FLEET: dict[str, Any] = {
    "levels": ["rack"],
    "hosts": [
        {"name": "a", "domains": {"rack": "r1"}, "inventory": {"VCPU": 4}},
        {"name": "b", "domains": {"rack": "r1"}, "inventory": {"VCPU": 4}},
        {"name": "c", "domains": {"rack": "r2"}, "inventory": {"VCPU": 4}, "used": {"VCPU": 2}},
    ],
}
APART = {"kind": "anti-affinity", "level": "rack"}


def group(name: str, count: int, vcpu: int = 1, *policies: Any) -> dict[str, Any]:
    return {
        "name": name,
        "policies": list(policies),
        "members": [{"resources": {"VCPU": vcpu}, "count": count}],
    }


def explain(folder: Path, groups: list[dict[str, Any]], *options: str) -> int:
    """Write an application and the fleet, and explain the one on the other."""
    write(folder, "fleet.yaml", FLEET)
    path = write(folder, "app.yaml", {"name": "shop", "groups": groups})
    return main(
        ["explain", path, "--fleet", str(folder / "fleet.yaml"), "--workers", "1", *options]
    )


def test_a_conflict_is_a_few_lines_with_the_cheapest_changes_and_what_an_empty_fleet_would_do(
    tmp_path: Path, capsys: Captured
) -> None:
    assert explain(tmp_path, [group("DB", 3, 1, APART)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[0].startswith(
        "Cannot place: these 2 rules contradict each other (none can be left out, "
    )
    # Three members, and two racks. The size comes last; columns stand below each other.
    rule, size = lines[1:3]
    assert rule == (
        "  DB  no rack holds more than 1 member of DB  "
        "3 members need 3 racks, and 2 racks (r1 and r2) could take one"
    )
    assert size == "  DB  3 new members of DB are placed"
    assert lines[3] == "Cheapest changes, each checked by solving again:"
    # By the default costs: a number by one step 1, a host more 4, soft 5, a member less 10.
    fixes = lines[4:8]
    assert fixes[0].startswith("  1. cost 1   DB anti-affinity at rack max_per_domain 1 -> 2 ")
    assert fixes[1].startswith("  2. cost 4   1 more host like ")
    assert fixes[2].startswith(
        "  3. cost 5   make DB anti-affinity at rack soft: no rack holds more than 1 member of DB "
    )
    assert fixes[3].startswith("  4. cost 10  DB 3 -> 2 members ")
    assert all(line.endswith("  [placement]") for line in fixes)
    assert lines[8:] == ["On this fleet it can never fit, even if it were empty."]
    assert "\x1b" not in out


def test_place_says_the_same_below_its_head(tmp_path: Path, capsys: Captured) -> None:
    explain(tmp_path, [group("DB", 3, 1, APART)])
    explained = capsys.readouterr().out.splitlines()
    app, fleet = str(tmp_path / "app.yaml"), str(tmp_path / "fleet.yaml")
    assert main(["place", app, "--fleet", fleet, "--workers", "1"]) == 1
    placed = capsys.readouterr().out.splitlines()
    assert placed[0].startswith(
        "shop: infeasible; proved that no placement of all members exists; "
    )
    # All but the seconds, and the last sentence, which here is a warning.
    assert placed[3:9] == explained[1:7]
    assert placed[10:] == [
        "",
        "warnings",
        "  on this fleet it can never fit, even if it were empty",
    ]


def test_what_fits_an_empty_fleet_is_said_to(tmp_path: Path, capsys: Captured) -> None:
    # Three members of 4 VCPU, one to a host: c has 2 of its 4 used.
    assert explain(tmp_path, [group("DB", 3, 4)]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "Cannot place: this rule and the room that is left contradict each other (none can be left"
    )
    assert (
        "\n  room  members of DB take 12 VCPU in all  "
        "the hosts that they may use have 8 VCPU for them\n" in out
    )
    assert "  free 2 VCPU on c (rack r2) " in out
    assert "\nOn an empty fleet it would fit.\n" in out


def test_without_fixes_nothing_is_said_of_them(tmp_path: Path, capsys: Captured) -> None:
    assert explain(tmp_path, [group("DB", 3, 1, APART)], "--no-fixes") == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_all_conflicts_are_numbered(tmp_path: Path, capsys: Captured) -> None:
    groups = [group("DB", 3, 1, APART), group("WS", 4, 1, "anti-affinity")]
    assert explain(tmp_path, groups, "--all") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "Cannot place: 2 conflicts, each of which alone prevents a placement ("
    )
    titles = [line for line in lines if line.startswith("Conflict ")]
    said = "these 2 rules contradict each other (none can be left out)"
    assert titles == [f"Conflict 1: {said}", f"Conflict 2: {said}"]
    # Four members need four hosts; there are three.
    assert any(
        "no host holds more than 1 member of WS" in line and "4 hosts" in line for line in lines
    )
    assert "Cheapest changes of all conflicts together, each checked by solving again:" in lines
    assert explain(tmp_path, groups) == 0
    assert "Conflict 1" not in capsys.readouterr().out


def test_costs_say_what_is_cheapest_and_what_is_not_proposed(
    tmp_path: Path, capsys: Captured
) -> None:
    costs = [
        "--cost",
        "relax=none",
        "--cost",
        "add=none",
        "--cost",
        "fewer=1",
        "--cost",
        "soften=7",
    ]
    assert explain(tmp_path, [group("DB", 3, 1, APART)], *costs) == 0
    fixes = [
        line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("  ")
    ][2:]
    assert [(fix[0], fix[2]) for fix in fixes] == [("1.", "1"), ("2.", "7")]
    every = [option for kind in Costs.model_fields for option in ("--cost", f"{kind}=none")]
    assert explain(tmp_path, [group("DB", 3, 1, APART)], *every) == 0
    assert "\nNo change that would help was found.\n" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_a_document_has_all_that_the_library_answers(
    form: str, tmp_path: Path, capsys: Captured
) -> None:
    assert explain(tmp_path, [group("DB", 3, 1, APART)], "--output", form) == 0
    out = capsys.readouterr().out
    document = json.loads(out) if form == "json" else parse_yaml(out)
    result = Explanation.model_validate(document)
    assert set(document) == set(Explanation.model_fields)
    assert (result.status, result.never, result.conflict) == (
        "infeasible",
        True,
        result.conflicts[0],
    )
    assert result.conflict is not None
    assert all(fix.placement for fix in result.conflict.fixes)


def test_on_a_narrow_terminal_there_is_colour_and_lines_are_cut_between_words(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    explain(tmp_path, [group("DB", 3, 1, APART)])
    plain = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    explain(tmp_path, [group("DB", 3, 1, APART)])
    coloured = capsys.readouterr().out
    assert coloured.startswith("\x1b[1;31mCannot place: ")
    narrow = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert all(len(line) <= 20 for line in narrow.splitlines())
    # Nothing is lost, though cells of several lines are mixed. Digits may be those of the time.
    assert Counter(filter(str.isalpha, narrow)) == Counter(filter(str.isalpha, plain))


def test_what_can_be_placed_is_said_to_be(tmp_path: Path, capsys: Captured) -> None:
    assert explain(tmp_path, [group("DB", 2, 1, APART)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("shop: optimal; 2 members placed; objective ")
    assert second == "It can be placed; groupsolver place shows where."


def test_options_reach_the_library(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def fake(*_: Any, **options: Any) -> Explanation:
        seen.update(options)
        return Explanation(status="unknown")

    monkeypatch.setattr("groupsolver.solver.pipeline.explain", fake)
    options = [
        "--all",
        "--no-fixes",
        "--cost",
        "free=9",
        "--objective",
        "cost",
        "--time-limit",
        "2",
        "--seed",
        "7",
    ]
    assert explain(tmp_path, [group("DB", 1)], *options) == 3
    assert capsys.readouterr().out.startswith("shop: unknown; no answer in time; ")
    assert callable(seen.pop("progress"))
    assert seen == {
        "objective": "cost",
        "limits": Limits(seconds=2, workers=1, seed=7),
        "costs": Costs(free=9),
        "fixes": False,
        "every": True,
    }


@pytest.mark.parametrize(("status", "code"), [("infeasible", 0), ("feasible", 0), ("unknown", 130)])
def test_what_was_proved_before_an_interruption_is_answered(
    status: Any, code: int, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    explanation = Explanation(
        status=status, conflict=Conflict() if status == "infeasible" else None
    )
    monkeypatch.setattr(
        "groupsolver.cli.commands.explain.run_watched", lambda _: (explanation, True)
    )
    assert explain(tmp_path, [group("DB", 1)]) == code
    monkeypatch.setattr(
        "groupsolver.cli.commands.place.run_watched", lambda _: (explanation.as_result(), True)
    )
    argv = ["place", str(tmp_path / "app.yaml"), "--fleet", str(tmp_path / "fleet.yaml")]
    assert main(argv) == (1 if status == "infeasible" else code)
    assert ("Cannot place: " in capsys.readouterr().out) == (status == "infeasible")


# What is not sure is not said as if it were.

APP: Application = parse_application({"groups": [group("DB", 3, 1, APART), group("WS", 1)]})
APART_RULE = ConflictingPolicy(
    group="DB", policy="anti-affinity", sentence="apart; 3 for 2; nearest: x"
)
SIZE = ConflictingPolicy(group="DB", policy="members", sentence="3 are placed")
OTHER = ConflictingPolicy(group="WS", policy="members", sentence="1 is placed")
ROOM = Shortage(resource="VCPU", needed=3, available=2, sentence="3 VCPU; 2 VCPU")


@pytest.mark.parametrize(
    ("policies", "capacity", "minimal", "title"),
    [
        (
            (SIZE, APART_RULE),
            (),
            True,
            "these 2 rules contradict each other (none can be left out, 0.5 s)",
        ),
        (
            (SIZE, APART_RULE),
            (),
            False,
            "these 2 rules contradict each other (not shown to be the fewest, 0.5 s)",
        ),
        # One hard policy and two groups with new members: all that there is.
        (
            (SIZE, OTHER, APART_RULE),
            (),
            False,
            "these are all rules that hold here (not narrowed down, 0.5 s)",
        ),
        (
            (SIZE, OTHER, APART_RULE),
            (),
            True,
            "these 3 rules contradict each other (none can be left out, 0.5 s)",
        ),
        (
            (SIZE, APART_RULE),
            (ROOM,),
            True,
            (
                "these 2 rules and the room that is left contradict each other "
                "(none can be left out, 0.5 s)"
            ),
        ),
        ((), (ROOM,), True, "there is not enough room (0.5 s)"),
        ((APART_RULE,), (), True, "this rule cannot be kept, whatever the others say (0.5 s)"),
        ((), (), False, "this is proved, but not which rules are in the way (0.5 s)"),
    ],
)
def test_a_conflict_says_how_sure_it_is(
    policies: tuple[ConflictingPolicy, ...],
    capacity: tuple[Shortage, ...],
    minimal: bool,
    title: str,
) -> None:
    conflict = Conflict(policies=policies, capacity=capacity, minimal=minimal)
    lines = [
        text
        for text, _ in conflict_lines(
            APP, Result(status="infeasible", seconds=0.52, conflict=conflict)
        )
    ]
    assert lines[0] == f"Cannot place: {title}"
    assert len(lines) == 1 + len(policies) + len(capacity)
    rows = [line.split() for line in lines[1:]]
    if APART_RULE in policies:  # parted once; sizes, which say nothing by themselves, come after it
        assert rows[0] == ["DB", "apart", "3", "for", "2;", "nearest:", "x"]
    if capacity:
        assert rows[-1] == ["room", "3", "VCPU", "2", "VCPU"]


def test_rules_come_in_the_order_of_the_file_and_sizes_after_them() -> None:
    named = [
        ("WS", "members", "1"),
        ("DB", "members", "3"),
        ("another", "near", "c"),
        ("WS", "near", "b"),
    ]
    named.append(("DB", "near", "a"))
    rules = tuple(
        ConflictingPolicy(group=group, policy=kind, sentence=text) for group, kind, text in named
    )
    result = Result(status="infeasible", conflict=Conflict(policies=rules, minimal=True))
    assert [text.split()[-1] for text, _ in conflict_lines(APP, result)][1:] == [
        "a",
        "b",
        "c",
        "3",
        "1",
    ]


def test_a_fix_without_a_placement_is_not_marked() -> None:
    helps = (Fix(change="a", cost=1, placement={}), Fix(change="bb", cost=12, placement=None))
    result = Explanation(
        status="infeasible", conflict=Conflict(policies=(SIZE, APART_RULE), fixes=helps), never=None
    )
    lines = [text for text, _ in conflict_lines(APP, result)]
    assert lines[-2:] == ["  1. cost 1   a  [placement]", "  2. cost 12  bb"]


def test_a_long_sentence_does_not_push_the_others_to_the_right() -> None:
    wide = "x" * (MAX_CELL_WIDTH + 1)
    assert table([["a", "1"], [wide, "2"], ["bcd", "3"]]) == [
        "  a    1",
        f"  {wide}  2",
        "  bcd  3",
    ]
    assert table([["é中", "1"], ["abc", "2"]]) == [
        "  é中  1",
        "  abc  2",
    ]  # as wide as it is shown


# --cost


def test_costs_are_read() -> None:
    assert parse_costs([]) == Costs()
    assert parse_costs(["relax=2", "drop=none"]) == Costs(relax=2, drop=None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rlax=1",
            (
                "--cost: unknown kind 'rlax' (did you mean 'relax'?); "
                "expected one of: relax, soften, drop, fewer"
            ),
        ),
        (
            "relax",
            "--cost: expected KIND=N, such as relax=2 or drop=none, found 'relax' [wrong-value]",
        ),
        ("relax=0", "--cost relax: expected at least 1, found 0 [out-of-range]"),
        ("relax=-3", "--cost relax: expected at least 1, found -3 [out-of-range]"),
        (
            "relax=1000000001",
            "--cost relax: expected at most 1000000000, found 1000000001 [out-of-range]",
        ),
        ("relax=1.5", "--cost relax: expected an integer, found '1.5' [wrong-type]"),
        ("relax=²", "--cost relax: expected an integer, found '²' [wrong-type]"),
        ("relax=" + "9" * 99, "--cost relax: expected an integer, found '9999"),
        ("relax=", "--cost relax: expected an integer, found '' [wrong-type]"),
    ],
)
def test_a_cost_that_is_wrong_is_one_line(text: str, message: str) -> None:
    (found,) = faults(parse_costs, [text])
    assert str(found).startswith(message)


def test_bad_input_of_all_kinds_is_told_and_nothing_is_done(
    tmp_path: Path, capsys: Captured
) -> None:
    assert (
        explain(tmp_path, [group("DB", 1)], "--cost", "free=1", "--cost", "free=2", "--cost", "x=1")
        == 2
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.rpartition(" ")[2] for line in err.splitlines()] == [
        "[duplicate-key]",
        "[unknown-key]",
    ]
    assert explain(tmp_path, [group("DB", 1, 1, {"kind": "affinity", "level": "rak"})]) == 2
    assert capsys.readouterr().err.startswith(
        f"{tmp_path}/app.yaml: groups[0].policies[0].level: unknown level 'rak'"
    )
