"""Type checkers accept what the docs show, and every form that constructors take."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mypy import api

import groupsolver
from groupsolver.model.value import Value
from tests.support.doc_pages import BLOCKS, ROOT

# Not what the project itself is checked with: users have no plugin, and only their own code.
OPTIONS = ["--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary"]
FORMS = """
from groupsolver import (
    Application, Cell, Existing, Flavor, Fleet, Group, Host, HostCapabilities, Inventory, Link,
    Members, Outside, Spread, Within,
)

half = Cell(inventory={"VCPU": 4, "CUSTOM_GPU": Inventory(total=1)})
disk = {"DISK_GB": {"total": 100, "reserved": 10}}
hosts = [
    Host(name="h1", domains={"zone": "z1"}, inventory=disk, cells=[half, {"inventory": {}}]),
    Host(name="h2", inventory={"VCPU": 8}, used={"VCPU": 2}, traits=["CUSTOM_A"], metadata={}),
]
fleet = Fleet(levels=["zone"], hosts=[*hosts, {"name": "h3"}], links=[Link(between=["z1", "s"])])
few = HostCapabilities(required=["CUSTOM_A"], minimum={"VCPU": 1}, weight=2)
inside = Within(hosts=["h1"], domains={"zone": ["z1"]})
group = Group(
    name="A",
    policies=["anti-affinity", {"kind": "affinity", "level": "zone", "weight": 1}, few, inside],
    members=[Members(flavor="small", count=2), {"resources": {"VCPU": 1}}],
)
both = Group(name="B", groups=["A"], policies=[Outside(hosts=["h3"]), Spread(level="host",
    min_domains=1)])
app = Application(
    flavors={"small": Flavor(resources={"VCPU": 1}), "large": {"resources": {"VCPU": 4}}},
    groups=[group, both, {"name": "C"}],
    existing=[Existing(group="C", id="C/0", host="h2", flavor="small")],
)
"""
WRONG = [
    'groupsolver.Host(name="h1", usd={"VCPU": 2})',
    'groupsolver.Host(name="h1", used={"VCPU": "2"})',
    "groupsolver.Group(policies=[])",
    'groupsolver.Members(resources={"VCPU": 1}, count="2")',
    'groupsolver.Within(hosts=[1], kind="outside")',
]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a module for each page of the docs and each example."""
    folder = tmp_path_factory.mktemp("examples")
    pages: dict[str, list[str]] = {}
    for block in BLOCKS:
        if block.language == "python" and block.info in {"", "server"}:
            pages.setdefault(f"page_{block.page.stem.replace('-', '_')}.py", []).append(block.text)
    for name, texts in pages.items():
        (folder / name).write_text("\n".join(texts), encoding="utf-8")
    for script in (ROOT / "examples").glob("*.py"):
        (folder / script.name).write_text(script.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "forms.py").write_text(FORMS, encoding="utf-8")
    return folder


def checked(*files: Path) -> list[str]:
    """Return the lines of a type checker that knows nothing of this project."""
    cache = ROOT / ".mypy_cache" / "examples"
    said, failed, _ = api.run([*OPTIONS, f"--cache-dir={cache}", *map(str, files)])
    assert not failed
    return [line for line in said.splitlines() if "error:" in line]


def test_mypy_accepts_the_docs_and_every_form_that_constructors_take(examples: Path) -> None:
    files = sorted(examples.glob("*.py"))
    assert len(files) >= 10
    assert checked(*files) == []


def test_mypy_refuses_what_constructors_refuse(tmp_path: Path) -> None:
    file = tmp_path / "wrong.py"
    file.write_text("\n".join(["import groupsolver", *WRONG]), encoding="utf-8")
    lines = {line.partition(" error:")[0].split(":")[-2] for line in checked(file)}
    assert lines == {str(number) for number in range(2, len(WRONG) + 2)}


def test_every_form_is_taken() -> None:
    exec(compile(FORMS, "forms", "exec", dont_inherit=True), {})


def constructors() -> list[tuple[type[Value], ast.FunctionDef]]:
    """Return the values whose constructor is written down for type checkers, and how."""
    found = []
    for kind in map(groupsolver.__dict__.get, groupsolver.__all__):
        if isinstance(kind, type) and issubclass(kind, Value):
            path = ROOT / f"{kind.__module__.replace('.', '/')}.py"
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
                    inside = [one for one in ast.walk(node) if isinstance(one, ast.FunctionDef)]
                    found += [(kind, one) for one in inside if one.name == "__init__"]
    return found


@pytest.mark.parametrize(
    ("kind", "written"), constructors(), ids=[kind.__name__ for kind, _ in constructors()]
)
def test_a_written_constructor_has_the_fields_of_its_value(
    kind: type[Value], written: ast.FunctionDef
) -> None:
    arguments = written.args.kwonlyargs
    required = {
        argument.arg
        for argument, default in zip(arguments, written.args.kw_defaults, strict=True)
        if default is None
    }
    fields = kind.model_fields
    assert {argument.arg for argument in arguments} == {*fields, "metadata"}
    assert required == {name for name, field in fields.items() if field.is_required()}


def test_constructors_are_written_where_lists_or_mappings_come() -> None:
    names = {kind.__name__ for kind, _ in constructors()}
    assert {"Application", "Group", "Members", "Existing", "Fleet", "Host", "Cell"} <= names
    assert {"Flavor", "Link", "Within", "Outside", "HostCapabilities"} <= names
