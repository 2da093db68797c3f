"""Former names that readers had to guess are gone; docstrings begin with a plain verb or noun."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("groupsolver", "benchmarks", "examples", "docs", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LIBRARY = [path for path in FILES if path.is_relative_to(ROOT / "groupsolver")]

# Former names, each with its plain one.
FORMER_NAMES = {
    "told": "given, original, message or declared, by meaning",
    "lot": "member_class",
    "lots": "member_classes",
    "Lot": "MemberClass",
    "Scene": "Problem",
    "scene": "problem",
    "Ground": "CompiledProblem",
    "ground": "compiled",
    "Encoding": "ModelBuilder",
    "enc": "builder",
    "Sees": "HostEquivalence",
    "sees": "host_equivalence",
    "minds": "sensitive_domains",
    "kin": "allowed_cohabitants",
    "rivals": "mutually_exclusive_groups",
    "even": "balanced_window",
    "asks_again": "checked_after_solve",
    "of_all": "counts_all_groups",
    "adrift": "without_domain",
    "Wish": "PlacementOptions",
    "wish": "options",
    "Knob": "Relaxation",
    "knob": "relaxation",
    "knobs": "relaxations",
    "Turn": "Literal",
    "Atom": "RuleAtom",
    "Image": "ClusterState",
    "Mirror": "SnapshotCache",
    "mirror": "snapshot_cache",
    "Standing": "RunningMember",
    "standing": "running",
    "stands": "assignment",
    "twins": "interchangeable_groups",
    "crowds": "tight_host_sets",
    "hostclasses": "host_classes",
    "TOLD": "what it bounds",
    "MOST": "what it bounds",
    "SHARE": "what it bounds",
    "MANY": "what it bounds",
    "FEW": "what it bounds",
    "ANY": "what it bounds",
}
# Modules by their former names, in their folder.
FORMER_MODULES = {
    "scene",
    "names",
    "ground",
    "encoding",
    "terms",
    "enough",
    "vacated",
    "together",
    "survey",
    "reduce",
    "twins",
    "chunks",
    "quotient",
    "crowds",
    "subset",
    "relax",
    "core",
    "linear",
    "slots",
    "families",
    "rivals",
    "shares",
    "cut",
    "construct",
    "prove",
    "branch",
    "refute",
    "survive",
    "recover",
    "memory",
    "question",
    "deal",
    "refill",
    "scarce",
    "unlock",
    "program",
    "atoms",
    "conflict",
    "knobs",
    "clauses",
    "enlarge",
    "more_hosts",
    "more_room",
    "moves",
    "never",
    "remedies",
    "views",
    "identity",
    "turns",
    "image",
    "mirror",
    "reach",
    "reserved",
    "wishes",
    "vetting",
    "placing",
    "against",
}
RIDDLES = ("Give", "Say", "Tell", "Let")


def names_in(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every name in a file's code, with its line."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.NAME:
                yield token.string, token.start[0]


def test_no_former_name_is_left() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}, now {FORMER_NAMES[name]}"
        for path in FILES
        for name, line in names_in(path)
        if name in FORMER_NAMES
    ]
    assert found == []


def test_no_module_has_its_former_name() -> None:
    stems = {path.stem for path in LIBRARY}
    assert stems & FORMER_MODULES == set()


def first_words(path: Path) -> Iterator[str]:
    """Yield the first word of each docstring in a file."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text:
            yield text.split(maxsplit=1)[0]


def test_docstrings_begin_with_a_plain_verb_or_noun() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word} ..."
        for path in LIBRARY
        for word in first_words(path)
        if word in RIDDLES
    ]
    assert found == []
