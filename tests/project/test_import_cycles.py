"""No circle of modules, type-only imports included, and no folder with too many modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "groupsolver"
FILES = sorted(PACKAGE.rglob("*.py"))
FOLDERS = sorted({path.parent for path in FILES})
MAX_MODULES = 16  # of a folder, beside its `__init__`


def module_name(path: Path) -> str:
    """Return the dotted name of a file's module."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def imported_modules(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """Yield the known modules that a file imports anywhere, also for types alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                # `from package import module` imports the module.
                submodule = f"{node.module}.{alias.name}"
                target = submodule if submodule in known else node.module
                if target in known:
                    yield target


def cycles(graph: nx.DiGraph[str]) -> list[list[str]]:
    """Return the sets of modules that import each other."""
    components = nx.strongly_connected_components(graph)
    return sorted(sorted(component) for component in components if len(component) > 1)


def test_a_circle_is_found_through_type_only_imports() -> None:
    known = {"a", "b"}
    sources = {"a": "import b", "b": "if TYPE_CHECKING:\n    from a import A"}
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, source in sources.items():
        graph.add_edges_from((name, found) for found in imported_modules(ast.parse(source), known))
    assert cycles(graph) == [["a", "b"]]


def test_no_modules_import_each_other() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found = set(imported_modules(tree, set(MODULES))) - {name}
        graph.add_edges_from((name, other) for other in found)
    assert graph.number_of_edges() > 1000  # the imports were read at all
    assert cycles(graph) == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_holds_few_modules(folder: Path) -> None:
    modules = [path.name for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MAX_MODULES, modules


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_folder_says_what_it_holds(folder: Path) -> None:
    tree = ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a package's docstring says what comes in and what goes out"
