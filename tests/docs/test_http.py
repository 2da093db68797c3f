"""The reference of the HTTP API has every path, code, setting and role of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.http.errors import HTTP_ERRORS
from groupsolver.api.routes import ROUTES
from groupsolver.api.settings import Quota, Settings
from tests.support.drivers.api_driver import hosts, opened

GROUP = "6f1d1c5e-33a1-4d5e-9a43-0f4c1f5f7c11"
TEXT = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")


def test_every_code_of_an_answer_is_described_with_its_status() -> None:
    described = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", TEXT, re.MULTILINE)
    assert dict(described) == {code: str(status) for code, (status, _) in HTTP_ERRORS.items()}
    assert len(described) == len(HTTP_ERRORS)


def test_every_path_is_described_with_its_methods() -> None:
    described = set()
    for methods, paths in re.findall(
        r"^\| ((?:`[A-Z]+`(?:, )?)+) \| ((?:`/[^`]*`(?:, )?)+) \|", TEXT, re.MULTILINE
    ):
        for method in re.findall(r"`([A-Z]+)`", methods):
            described |= {(method, path) for path in re.findall(r"`([^`]+)`", paths)}
    assert described == {
        (route.method, route.path)
        for route in ROUTES
        if not route.path.startswith("/v2.1/<project_id>/os-")
    }


def test_every_path_of_v1_is_described_with_its_role() -> None:
    rows = re.findall(r"^\| (`[A-Z`, ]+) \| `(/v1.0[^`]*)` \| .* \| (\w+) \|$", TEXT, re.MULTILINE)
    described = {
        (method, path): role
        for methods, path, role in rows
        for method in re.findall(r"`([A-Z]+)`", methods)
    }
    assert described == {
        (route.method, route.path): route.role for route in ROUTES if route.family == "v1"
    }


def test_every_setting_is_described() -> None:
    section = TEXT.partition("## Settings")[2].partition("\n## ")[0]
    described = {
        key
        for row in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section, re.MULTILINE)
        for key in row.split(", ")
    }
    assert {key.strip("`") for key in described} == set(Settings.model_fields)
    assert all(f"`{key}`" in section for key in Quota.model_fields)


@pytest.mark.parametrize(
    ("section", "group"),
    [
        ("Explanations", {"name": "db", "policies": [{"kind": "anti-affinity", "level": "rack"}]}),
        ("Headroom", {"name": "web", "policies": ["anti-affinity"]}),
    ],
)
def test_the_answer_that_is_shown_is_given(
    tmp_path: Path, section: str, group: dict[str, Any]
) -> None:
    text = TEXT.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    asked, answered = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    line, _, body = asked.partition("\n")
    with opened(tmp_path) as world:
        admin = world.asker("shop", "admin")
        admin.load(*hosts(4, racks=2))
        admin.group(id=GROUP, **group)
        method, path = line.split()
        answer = admin(method, path, json.loads(body))
        assert answer.status_code == 200, answer.text
        assert like(json.loads(answered), answer.get_json()), answer.text


def like(shown: Any, given: Any) -> bool:
    """Compare what is shown with what is given; ``"..."`` stands for anything."""
    if isinstance(shown, dict) and isinstance(given, dict):
        return shown.keys() == given.keys() and all(
            like(inner, given[key]) for key, inner in shown.items()
        )
    if isinstance(shown, list) and isinstance(given, list):
        return len(shown) == len(given) and all(map(like, shown, given))
    return bool(shown in ("...", given))
