"""``groupsolver schema``: the schemas say the same as the readers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from groupsolver import Result
from groupsolver.cli.commands.schema import schema_of
from groupsolver.cli.main import main
from groupsolver.errors import BadInput
from groupsolver.files import parse_application, parse_fleet
from tests.support.documents import APP, FLEET, RESULT, put

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("format_", "document", "parse"),
    [("fleet", FLEET, parse_fleet), ("app", APP, parse_application)],
)
def test_the_schema_accepts_what_is_read_and_what_the_library_writes(
    format_: Any, document: Any, parse: Any
) -> None:
    validator = jsonschema.Draft202012Validator(schema_of(format_))
    validator.check_schema(schema_of(format_))
    validator.validate(document)
    validator.validate(parse(document).document())


def test_the_schema_of_results_accepts_every_kind_of_result() -> None:
    validator = jsonschema.Draft202012Validator(schema_of("result"))
    validator.validate(RESULT)
    conflict = {
        "policies": [{"group": "a", "policy": "members", "sentence": "b"}],
        "capacity": [{"resource": "VCPU", "needed": 3, "available": 2, "sentence": "c"}],
        "minimal": False,
        "fixes": [
            {"change": "d", "cost": 1, "placement": {"a/0": "h"}},
            {"change": "e", "cost": 2, "placement": None},
        ],
    }
    for status in ("infeasible", "unknown"):
        validator.validate(Result(status=status, conflict=conflict).document())  # type: ignore[arg-type]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({"status": "optimal"})  # every key is always present


def refused() -> Iterator[tuple[str, Any]]:
    fleets: list[tuple[list[str | int], Any]] = [
        (["racks"], 1),
        (["hosts"], []),
        (["hosts", 0, "inventory", "VCPU", "totl"], 1),
        (["hosts", 0, "inventory", "vcpu"], 1),
        (["hosts", 0, "used", "VCPU"], -1),
        (["hosts", 0, "inventory", "VCPU", "max_unit"], 2**63),
        (["hosts", 0, "used", "VCPU"], 1.5),
        (["hosts", 0, "name"], ""),
        (["links", 0, "between"], ["a"]),
        (["version"], 2),
    ]
    apps: list[tuple[list[str | int], Any]] = [
        (["groups", 0, "name"], "a/b"),
        (["groups", 0, "policies", 0], "afinity"),
        (["groups", 0, "policies", 0], {"kind": "anti-affinity", "levle": "rack"}),
        (["groups", 0, "policies", 0], {"kind": "spread", "max_skew": 1}),
        (
            ["groups", 0, "policies", 0],
            {"level": "zone", "max_skew": 1},
        ),  # a spread without its kind
        (["groups", 0, "policies", 0], "near"),
        (["groups", 0, "policies", 0], {"kind": "soft-affinity", "levle": "rack"}),
        (["groups", 0, "policies", 0], {"kind": "soft-affinity", "weight": 0}),
        (["groups", 0, "members", 0, "count"], 0),
        (["existing", 0, "host"], None),
        (["flavors", "tiny"], {}),
    ]
    yield from (("fleet", put(FLEET, path, value)) for path, value in fleets)
    yield from (("app", put(APP, path, value)) for path, value in apps)
    yield "result", {**RESULT, "status": "solved"}
    yield "result", {**RESULT, "extra": 1}


@pytest.mark.parametrize(("format_", "document"), list(refused()))
def test_the_schema_refuses_what_is_bad_input(format_: Any, document: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema_of(format_)).validate(document)
    if format_ != "result":
        with pytest.raises(BadInput):
            {"fleet": parse_fleet, "app": parse_application}[format_](document)


@pytest.mark.parametrize("format_", ["fleet", "app", "result"])
def test_the_schema_is_printed(format_: Any, capsys: Captured) -> None:
    assert main(["schema", format_]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == schema_of(format_)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert printed["title"].startswith("groupsolver ")
