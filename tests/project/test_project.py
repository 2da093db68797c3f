"""What packaging relies on: one version, declared imports, pins without places."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import groupsolver

ROOT = Path(__file__).parents[2]
CODE = sorted((ROOT / "groupsolver").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*")


def name_of(requirement: str) -> str:
    """Give a requirement's name as package indexes compare names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def pins() -> list[str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_version_is_one() -> None:
    assert PROJECT["project"]["version"] == groupsolver.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[(.+?)\]", changes, re.MULTILINE)
    assert newest is not None
    assert newest.group(1) in {"Unreleased", groupsolver.__version__}


def test_the_public_names_are_there() -> None:
    assert len(groupsolver.__all__) == len(set(groupsolver.__all__))
    assert all(hasattr(groupsolver, name) for name in groupsolver.__all__)


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "groupsolver" / "py.typed").read_text() == ""
    assert "py.typed" in PROJECT["tool"]["setuptools"]["package-data"]["groupsolver"]


def test_constraints_are_names_and_versions_only() -> None:
    assert [line for line in pins() if not PIN.fullmatch(line)] == []
    names = [name_of(line) for line in pins()]
    assert len(names) == len(set(names))


def test_everything_that_is_declared_is_pinned() -> None:
    declared = PROJECT["project"]["dependencies"] + PROJECT["build-system"]["requires"]
    for extra in PROJECT["project"]["optional-dependencies"].values():
        declared += extra
    assert {name_of(line) for line in declared} - {"groupsolver"} <= {
        name_of(line) for line in pins()
    }


def test_the_library_imports_what_it_declares_and_declares_what_it_imports() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in CODE]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {
        node.module
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        if node.module and not node.level
    }
    tops = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"groupsolver"}
    comes_with = {"pydantic_core": "pydantic", "yaml": "pyyaml"}
    comes_with |= {"keystoneauth1": "keystonemiddleware", "oslo_config": "keystonemiddleware"}
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    declared = {
        name_of(line)
        for line in [*project["dependencies"], *extras["keystone"], *extras["postgresql"]]
    }
    # SQLAlchemy imports psycopg, by the database's address.
    assert {name_of(comes_with.get(top, top)) for top in tops} | {"psycopg"} == declared


def test_no_file_of_the_project_names_a_place_to_install_from() -> None:
    files = [ROOT / name for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run")]
    place = re.compile(r"https?://|--(extra-)?index-url|--find-links|--trusted-host|file://")
    assert [path.name for path in files if place.search(path.read_text(encoding="utf-8"))] == []
