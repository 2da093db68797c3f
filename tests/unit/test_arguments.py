"""Every public function refuses arguments of wrong types, and says what it expected."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import groupsolver
from groupsolver import Application, Fleet, Host, Limits, compile_fleet, load_links

APP = Application(groups=[{"name": "A", "members": [{"resources": {"VCPU": 1}}]}])
FLEET = Fleet(hosts=[Host(name="h", inventory={"VCPU": 4})])
PLACEMENT = {"A/0": "h"}
# Arguments with which each function succeeds.
VALID: dict[str, dict[str, Any]] = {
    "check": {"app": APP, "fleet": FLEET, "placement": PLACEMENT},
    "compile_fleet": {"fleet": FLEET},
    "explain": {"app": APP, "fleet": FLEET},
    "fat_tree": {"k": 2},
    "headroom": {"app": APP, "fleet": FLEET},
    "leaf_spine": {"spines": 1, "leaves": 1, "hosts_per_leaf": 1},
    "load_application": {"path": "app.yaml"},
    "load_batch": {"path": "batch.yaml"},
    "load_columns": {"path": "hosts.csv"},
    "load_fleet": {"path": "fleet.yaml"},
    "load_links": {"path": "net.graphml"},
    "load_result": {"path": "result.yaml"},
    "solve": {"app": APP, "fleet": FLEET},
    "solve_many": {"apps": {"a": APP}, "fleet": FLEET},
    "survives": {"app": APP, "fleet": FLEET, "placement": PLACEMENT},
    "topology": {"fleet": FLEET},
    "why": {"app": APP, "fleet": FLEET, "placement": PLACEMENT},
    "with_links": {"fleet": FLEET, "links": ()},
}
CLASSES: dict[str, dict[str, Any]] = {"Limits": {}, "CompiledFleet": {"fleet": FLEET}}


def functions() -> set[str]:
    public = {name: getattr(groupsolver, name) for name in groupsolver.__all__}
    # A coroutine function refuses its arguments when it is awaited: tests/unit/solver.
    return {
        name
        for name, value in public.items()
        if inspect.isfunction(value) and not inspect.iscoroutinefunction(value)
    }


def cases() -> list[tuple[str, str]]:
    return [
        (name, parameter)
        for name in sorted({*VALID, *CLASSES})
        for parameter in inspect.signature(getattr(groupsolver, name)).parameters
    ]


def test_every_public_function_is_here() -> None:
    assert functions() == VALID.keys()


@pytest.mark.parametrize("wrong", [object(), 3.5j, b"x"], ids=["object", "complex", "bytes"])
@pytest.mark.parametrize(("name", "parameter"), cases())
def test_a_wrong_argument_is_a_type_error(name: str, parameter: str, wrong: object) -> None:
    function = getattr(groupsolver, name)
    arguments = {**VALID.get(name, {}), **CLASSES.get(name, {}), parameter: wrong}
    expected = rf"^{parameter}: expected .+, got {type(wrong).__name__}"
    if parameter in {"own", "links", "pools"} and wrong == b"x":
        return  # a collection, if an odd one
    with pytest.raises(TypeError, match=expected):
        function(**arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: groupsolver.solve("app.yaml", FLEET),  # type: ignore[arg-type]
            (
                "app: expected an Application, got str 'app.yaml'; load_application reads one from "
                "a file"
            ),
        ),
        (
            lambda: groupsolver.solve({"groups": []}, FLEET),  # type: ignore[arg-type]
            "app: expected an Application, got dict; Application(**document) makes one",
        ),
        (
            lambda: groupsolver.solve(FLEET, APP),  # type: ignore[arg-type]
            "app: expected an Application, got Fleet; load_application reads one from a file",
        ),
        (
            lambda: groupsolver.solve(APP, FLEET, limits=10),  # type: ignore[arg-type]
            "limits: expected Limits or None, got int 10; Limits(seconds=10) bounds the time",
        ),
        (
            lambda: groupsolver.solve(APP, FLEET, objective=3),  # type: ignore[arg-type]
            "objective: expected one of pack, spread, cost, got int 3",
        ),
        (
            lambda: groupsolver.check(APP, FLEET, None),  # type: ignore[arg-type]
            "placement: expected a mapping of member to host, got None",
        ),
        (
            lambda: groupsolver.check(
                APP,
                FLEET,
                groupsolver.Result(status="unknown"),  # type: ignore[arg-type]
            ),
            (
                "placement: expected a mapping of member to host, got Result; its attribute "
                "'placement' is one"
            ),
        ),
        (
            lambda: groupsolver.check(APP, FLEET, {"A/0": 3}),  # type: ignore[dict-item]
            "placement['A/0']: expected a mapping of member to host, got int 3",
        ),
        (
            lambda: groupsolver.explain(APP, FLEET, own="A"),
            "own: expected a collection of names, or None, got str 'A'",
        ),
        (lambda: Limits(seconds="10"), "seconds: expected a number, got str '10'"),  # type: ignore[arg-type]
        (lambda: Limits(workers=True), "workers: expected an integer, got bool True"),
        (
            lambda: compile_fleet("fleet.yaml"),  # type: ignore[arg-type]
            "fleet: expected a Fleet, got str 'fleet.yaml'; load_fleet reads one from a file",
        ),
        (
            lambda: groupsolver.leaf_spine(1, 1, True),
            "hosts_per_leaf: expected an integer, got bool True",
        ),
    ],
)
def test_a_type_error_says_what_was_expected(call: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


def test_a_valid_call_is_none(tmp_path: Path) -> None:
    for name in sorted(VALID.keys()):
        if not name.startswith("load_"):
            assert getattr(groupsolver, name)(**VALID[name]) is not None
    with pytest.raises(groupsolver.BadInput):
        load_links(tmp_path / "missing")
