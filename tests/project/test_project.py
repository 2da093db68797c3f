"""Rules of the project: one version, declared and pinned packages, no place to install from."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import yaml

import groupsolver
from groupsolver.cli.extras import SERVER_MODULES

ROOT = Path(__file__).parents[2]
CODE = sorted((ROOT / "groupsolver").rglob("*.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
PIN = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.+!]*")


def name_of(requirement: str) -> str:
    """Return a requirement's name as package indexes compare names."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def pins() -> list[str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_version_is_one() -> None:
    version = PROJECT["project"]["version"]
    assert version == groupsolver.__version__
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## \[(.+?)\](?: - (\S+))?$", changes, re.MULTILINE)
    assert sections[0] == ("Unreleased", "")
    newest, date = sections[1]
    assert newest == version
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["version"], citation["date-released"]) == (version, date)


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
    for extra in EXTRAS.values():
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
    imported = {name_of(comes_with.get(top, top)) for top in tops}
    declared = PROJECT["project"]["dependencies"] + EXTRAS["server"]
    declared += EXTRAS["keystone"] + EXTRAS["postgresql"]
    # SQLAlchemy imports psycopg, by the database's address.
    assert imported | {"psycopg"} == {name_of(line) for line in declared} - {"groupsolver"}


def test_the_extra_server_is_what_its_commands_ask_for() -> None:
    assert {name_of(module) for module in SERVER_MODULES} == {
        name_of(line) for line in EXTRAS["server"]
    }
    for extra in ("keystone", "postgresql"):
        assert "groupsolver[server]" in EXTRAS[extra]


def test_no_file_of_the_project_names_a_place_to_install_from() -> None:
    files = [ROOT / name for name in ("pyproject.toml", "constraints.txt", "Makefile", ".ci/run")]
    assert [path.name for path in files if names_a_place(path.read_text(encoding="utf-8"))] == []


def test_a_place_to_install_from_is_noticed() -> None:
    assert names_a_place('requires = ["setuptools @ https://example.org/setuptools.whl"]')
    assert names_a_place('[tool.uv]\nindex-url = "https://example.org/simple"\n')
    assert names_a_place(
        '[project.urls]\nHome = "https://github.com/x"\n[tool.x]\ny = "http://z"\n'
    )
    assert names_a_place('[project.urls]\nHome = "https://pypi.example.org/simple"\n')
    assert not names_a_place('[project.urls]\nHome = "https://github.com/groupsolver/x"\n')


def names_a_place(text: str) -> bool:
    """Return whether a file names an index, or an address of a package.

    The addresses of ``[project.urls]`` are only shown to readers, and may point into the
    project's repository.
    """
    shown = r'^\w+ = "https://github\.com/groupsolver/[^"]*"$'
    rest = re.sub(
        r"^\[project\.urls\]\n(?:[^\[\n]*\n)*",
        lambda section: re.sub(shown, "", section.group(), flags=re.MULTILINE),
        text,
        flags=re.MULTILINE,
    )
    place = r"https?://|file://|--(extra-)?index-url|--find-links|--trusted-host"
    return re.search(place, rest) is not None
