"""Who may import whom: the floors of docs/architecture.md, read from the imports themselves."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "groupsolver"
FILES = sorted(PACKAGE.rglob("*.py"))

BASE = {"errors", "model", "constraints", "checking"}
# Each floor, and the floors that it may import. The package's own `__init__` may name all of them.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "constraints": {"errors", "model"},
    "checking": {"errors", "model", "constraints"},
    "changes": {"errors", "model", "constraints"},
    "files": BASE,
    "picture": BASE,
    "solver": BASE | {"changes"},
    "cluster": BASE | {"files", "solver"},
    "wire": BASE | {"files"},
    "store": BASE | {"cluster", "files"},
    "client": BASE | {"files", "wire"},
    "api": BASE | {"cluster", "files", "solver", "wire", "store", "__init__"},
    "cli": BASE
    | {"changes", "cluster", "files", "picture", "solver", "wire", "store", "client", "api"}
    | {"__init__"},
    "__main__": {"cli"},
    "__init__": BASE | {"cluster", "files", "picture", "solver"},
}
HEAVY = {
    "ortools",
    "sqlalchemy",
    "networkx",
    "scipy",
    "pandas",
    "pyarrow",
    "werkzeug",
    "httpx",
    "alembic",
}


def floor_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield every module that is imported, anywhere, but not for types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in {
            "TYPE_CHECKING",
            "typing.TYPE_CHECKING",
        }:
            for other in node.orelse:
                yield from imports(ast.Module([other], []), package)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            )
            module = ".".join([*base, *([node.module] if node.module else [])])
            # `from package import module` imports the module.
            yield from (f"{module}.{alias.name}" for alias in node.names)
        else:
            yield from imports(node, package)


def imports_of(path: Path) -> set[str]:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return set(imports(ast.parse(path.read_text(encoding="utf-8")), package))


def floor_named(module: str) -> str:
    """Return the floor of a module of this package; the package itself is ``__init__``."""
    inner = module.split(".")[1]
    known = (PACKAGE / inner).is_dir() or (PACKAGE / f"{inner}.py").is_file()
    return inner if known else "__init__"


def test_imports_are_read_as_they_are_meant() -> None:
    source = """
import a.b
if TYPE_CHECKING:
    import types_only
else:
    import real
def f():
    from . import sibling
    from ..up import name
"""
    found = set(imports(ast.parse(source), "groupsolver.solver"))
    assert found == {"a.b", "real", "groupsolver.solver.sibling", "groupsolver.up.name"}


def test_every_file_stands_on_a_known_floor() -> None:
    assert {floor_of(path) for path in FILES} <= set(MAY_IMPORT)


def test_a_file_imports_only_floors_below_its_own() -> None:
    wrong = {}
    for path in FILES:
        floor = floor_of(path)
        used = {floor_named(name) for name in imports_of(path) if name.startswith("groupsolver.")}
        if above := used - {floor} - MAY_IMPORT[floor]:
            wrong[str(path.relative_to(PACKAGE))] = above
    assert wrong == {}


# What a model of CP-SAT is built of: no policy imports these.
MODEL_MODULES = {
    f"constraints/cp_model/{name}.py"
    for name in ("expression_model", "member_counts", "model_builder")
}


def test_only_the_model_builder_and_the_solver_import_ortools() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in FILES
        if any(m.startswith("ortools") for m in imports_of(path))
    }
    assert {user for user in users if not user.startswith("solver/")} == MODEL_MODULES


def test_the_model_builder_is_imported_by_the_solver_alone() -> None:
    # Anybody else who imported it would load ortools.
    users = {
        floor_of(path)
        for path in FILES
        if any("constraints.cp_model.model_builder" in m for m in imports_of(path))
    }
    assert users == {"solver"}


def heavy_after(code: str) -> set[str]:
    """Run code in a process of its own; give the heavy packages that it has loaded."""
    report = f"lambda: print('loaded', *sorted({HEAVY!r} & set(sys.modules)))"
    script = f"import sys, atexit\natexit.register({report})\n{code}"
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.stderr == ""
    assert run.returncode == 0
    return set(run.stdout.splitlines()[-1].split()[1:])


COMMAND = "import sys; sys.argv[1:] = {!r}; from groupsolver.cli.main import main; sys.exit(main())"


def test_the_probe_sees_what_is_loaded() -> None:
    assert heavy_after("import networkx") == {"networkx"}


def test_importing_the_library_loads_nothing_heavy() -> None:
    assert heavy_after("import groupsolver") == set()


def test_check_loads_nothing_heavy(tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    result.write_text(
        '{"status": "optimal", "placement": {"batch/0": "a", "batch/1": "b", "batch/2": "b"}}'
    )
    argv = [
        "check",
        "examples/mixed/app.yaml",
        "--fleet",
        "examples/mixed/fleet.yaml",
        "--placement",
        str(result),
    ]
    assert heavy_after(COMMAND.format(argv)) == set()


@pytest.mark.parametrize("what", ["fleet", "app", "result"])
def test_schema_loads_nothing_heavy(what: str) -> None:
    assert heavy_after(COMMAND.format(["schema", what])) == set()
