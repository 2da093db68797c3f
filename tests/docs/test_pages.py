"""Everything that the docs show is run, parsed or compared. A block's first line gives its kind:

``python``
    Executed, all of a page in one namespace, from the project's folder.
``python file=``, ``diff file=``
    Written to, or applied to, a copy of the project, in which laws are then run.
``yaml`` or ``json`` with ``fleet``, ``app``, ``batch``, ``policies`` or ``result``
    Read by the library.
``console``
    Each ``$`` line is run and its output compared; ``...`` matches anything.
``console serve``, ``console server``, ``python server``
    Run with a server: see `test_server.py`.
``sh``
    Not run here: the names of make's targets are compared.
``text``
    Pictures.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

import groupsolver.api
import groupsolver.client  # noqa: F401 - whose errors are counted
from groupsolver import POLICIES, Application, Fleet, GroupsolverError, Result
from groupsolver.cli.exit_codes import Exit
from groupsolver.cli.main import main
from groupsolver.constraints.registry import AnyPolicy
from groupsolver.errors import CODES
from groupsolver.files import parse_application, parse_batch, parse_fleet, parse_result
from groupsolver.files.graphml import parse_graphml
from groupsolver.files.json_text import parse_json
from groupsolver.files.yaml_text import parse_yaml
from tests.support.doc_pages import BLOCK, BLOCKS, PAGES, ROOT, Block, blocks_of, playground, same

LINK = re.compile(r"\]\(([^)#\s]*)(#[^)\s]*)?\)")
# Addresses of files of the main branch: README.md is also shown outside the repository.
IN_REPOSITORY = re.compile(
    r"https://(?:github\.com/groupsolver/groupsolver/(?:blob|tree)/main"
    r"|raw\.githubusercontent\.com/groupsolver/groupsolver/main)/(.+)"
)
# The laws that the worked example runs; the others take longer, and `make test` runs them.
LATER = ("headroom", "fleet_fixes", "survives", "failures")
LAWS = sorted(
    str(path.relative_to(ROOT))
    for path in (ROOT / "tests" / "laws").glob("test_*.py")
    if not path.stem.endswith(LATER)
)
NOT_PLAIN = re.compile(r"[|<>&;$`*?~\\]")  # signs of the shell
READ: dict[str, Callable[[Any], object]] = {
    "fleet": parse_fleet,
    "app": parse_application,
    "batch": parse_batch,
    "result": parse_result,
    "policies": TypeAdapter(tuple[AnyPolicy, ...]).validate_python,
}
SERVED = {"serve", "server"}  # see test_server.py


def which(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language and block.info not in SERVED]


def test_every_block_is_of_a_known_kind() -> None:
    def known(block: Block) -> bool:
        match block.language:
            case "python":
                return block.info in {"", "server"} or block.info.startswith("file=")
            case "diff":
                return block.info.startswith("file=")
            case "yaml" | "json":
                return block.info in READ
            case "xml":
                return block.info == "network"
            case "console":
                return block.info in {"", *SERVED}
            case "sh" | "text":
                return block.info == ""
        return False

    assert [str(block) for block in BLOCKS if not known(block)] == []
    fences = sum(page.read_text(encoding="utf-8").count("\n```") for page in PAGES)
    assert fences == 2 * len(BLOCKS)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, in which commands and code of the docs run."""
    return playground(tmp_path, monkeypatch)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_of_a_page_runs(
    page: Path, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks_of(page):
        if block.language == "python" and not block.info:
            exec(compile(block.text, str(block), "exec", dont_inherit=True), names)
            printed = capsys.readouterr().out
            assert same(block.printed, printed) or not block.printed


@pytest.mark.parametrize("block", [*which("yaml"), *which("json")], ids=str)
def test_a_document_is_read(block: Block) -> None:
    data = parse_json(block.text) if block.language == "json" else parse_yaml(block.text)
    READ[block.info](data)


@pytest.mark.parametrize("block", which("xml"), ids=str)
def test_a_network_is_read(block: Block) -> None:
    assert parse_graphml(block.text)


@pytest.mark.parametrize("block", which("console"), ids=str)
def test_a_command_prints_what_is_shown(
    block: Block, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = 0
    for command, expected in block.steps:
        if NOT_PLAIN.search(command) or not command.startswith("groupsolver "):
            code, printed = run_in_shell(command, code)
        else:
            # Without a process of its own, which would load the solver anew.
            code = main(shlex.split(command)[1:])
            printed = "".join(capsys.readouterr())
        assert same(expected, printed) or not expected, printed


def run_in_shell(command: str, last_code: int) -> tuple[int, str]:
    """Run a command after one that ended with a code; return its own, and what it printed."""
    run = subprocess.run(
        ["bash", "-c", f"(exit {last_code}); {command}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


def test_make_has_the_targets_that_are_shown() -> None:
    targets = set(
        re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    shown = {
        found
        for block in which("sh")
        for found in re.findall(r"^make ([a-z-]+)", block.text, re.MULTILINE)
    }
    assert {"demo", "test", "test-slow", "check", "bench"} <= shown <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_files_that_are_named_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    outside = BLOCK.sub("", text)
    for target, anchor in LINK.findall(outside):
        in_repository = IN_REPOSITORY.fullmatch(target)
        if in_repository:
            other = ROOT / in_repository[1]
        elif target.startswith("https://"):
            continue
        else:
            other = page.parent / target if target else page
        assert other.exists(), target
        if anchor:
            assert anchor[1:] in anchors(other), anchor
    for named in re.findall(r"`((?:groupsolver|tests|examples|docs)/[\w./-]+)`", outside):
        # The worked example of CONTRIBUTING.md makes this file.
        is_made = named == "groupsolver/constraints/policies/quorum.py"
        assert is_made or (ROOT / named).exists(), named


def test_links_of_the_readme_hold_on_a_package_index() -> None:
    text = BLOCK.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    targets = [target for target, _ in LINK.findall(text)]
    assert [target for target in targets if not target.startswith("https://")] == []
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    # Only this host sends a picture itself, and not a page about it.
    assert all(target.startswith("https://raw.githubusercontent.com/") for target in pictures)


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Completeness.


def test_every_policy_and_each_of_its_fields_is_described() -> None:
    text = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    for kind, policy in POLICIES.items():
        (body,) = [body for heading, body in sections.items() if kind in heading.split(" and ")]
        fields = set(policy.model_fields) - {"kind", "weight", "priority"}
        described = set(re.findall(r"^\| `(\w+)` \|", body, re.MULTILINE))
        assert described == fields, kind
        assert "Measure" in body
        assert "xisting members" in body


def test_every_key_of_the_files_is_described() -> None:
    text = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
    for what in (Fleet, Application, Result):
        schema = what.model_json_schema()
        for part in (schema, *schema.get("$defs", {}).values()):
            if "kind" not in part.get("properties", {}):
                missing = {
                    key for key in part.get("properties", {}) if not re.search(rf"\b{key}\b", text)
                }
                assert missing == set(), part.get("title")


def test_every_code_is_described_and_no_other() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)
    assert len(described) == len(set(described))
    raised = {error.code for error in subclasses(GroupsolverError)}
    assert set(described) == set(CODES) | raised


def test_every_exit_code_is_described() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert {int(code) for code in re.findall(r"^\| ([0-9]+) \|", text, re.MULTILINE)} == set(Exit)


def test_every_fault_of_the_code_has_a_code_that_is_listed() -> None:
    raised = re.compile(
        r"\b(?:Fault|PydanticCustomError|refuse|_refuse)\(\s*(?:\w+, )?\"([a-z-]+)\""
    )
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "groupsolver").rglob("*.py")]
    used = {code for text in sources for code in raised.findall(text)} - {"faults"}
    assert used - set(CODES) == set()
    # The rest: as a type's own code, or in the table of pydantic's errors.
    texts = [text.partition("CODES = {")[0] for text in sources]
    rest = set(CODES) - used - {error.code for error in subclasses(GroupsolverError)}
    assert {code for code in rest if not any(f'"{code}"' in text for text in texts)} == set()


def subclasses(of: type[GroupsolverError]) -> set[type[GroupsolverError]]:
    return {of}.union(*(subclasses(kind) for kind in of.__subclasses__()))


# CONTRIBUTING, followed to the letter.


def apply(diff: str, text: str) -> str:
    """Apply one hunk without line numbers."""
    lines = diff.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] != "+")
    new = "".join(line[1:] for line in lines if line[0] != "-")
    assert text.count(old) == 1, old
    return text.replace(old, new)


@pytest.fixture(scope="module")
def contributed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, in which the worked example has been followed."""
    copy = tmp_path_factory.mktemp("contributed")
    hidden = shutil.ignore_patterns("*.pyc.*")  # what another process is writing
    for folder in ("groupsolver", "tests"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=hidden)
    shutil.copy(ROOT / "pyproject.toml", copy)
    for block in blocks_of(ROOT / "CONTRIBUTING.md"):
        if block.info.startswith("file="):
            path = copy / block.info.removeprefix("file=")
            path.write_text(
                apply(block.text, path.read_text()) if block.language == "diff" else block.text
            )
    return copy


def run_in(copy: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(copy), "HYPOTHESIS_PROFILE": "brief"}
    return subprocess.run(
        [sys.executable, *argv],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def run_laws(copy: Path, files: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run the laws of the new policy, in one process and without plugins that it does not need."""
    plugins = ("no:cacheprovider", "no:xdist", "no:schemathesis", "no:anyio")
    options = [option for plugin in plugins for option in ("-p", plugin)]
    return run_in(copy, "-m", "pytest", "-qx", *options, *files, "-k", "quorum")


@pytest.mark.integration
def test_the_policy_of_contributing_keeps_the_laws(contributed: Path) -> None:
    run = run_laws(contributed, LAWS)
    assert run.returncode == 0, run.stdout
    assert " passed" in run.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (".values()), limit)", ".values()), limit + 1)"),
        ("max(0, count - limit)", "max(0, count - limit - 1)"),
    ],
    ids=["encoding", "checker"],
)
@pytest.mark.integration
def test_a_fault_in_the_policy_of_contributing_breaks_a_law(
    contributed: Path, tmp_path: Path, right: str, wrong: str
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(contributed, broken)
    path = broken / "groupsolver" / "constraints" / "policies" / "quorum.py"
    assert path.read_text().count(right) == 1
    path.write_text(path.read_text().replace(right, wrong))
    # The core laws first: they are quick, and one failure is enough.
    run = run_laws(broken, sorted(LAWS, key=lambda file: not file.endswith("/test_laws.py")))
    assert run.returncode == 1, run.stdout
    assert "AssertionError" in run.stdout or "BrokenAnswer" in run.stdout
    printed = run.stdout.partition("minimal documents")[2]
    assert "kind: quorum" in printed, run.stdout
    assert printed.count("- name: h") <= 3, printed  # hosts


def test_the_policy_of_contributing_is_well_typed_and_formatted(contributed: Path) -> None:
    path = "groupsolver/constraints/policies/quorum.py"
    for argv in (
        ["ruff", "check", path],
        ["ruff", "format", "--check", path],
        ["mypy", "--strict", f"--cache-dir={os.devnull}", path],
    ):
        run = run_in(contributed, "-m", *argv)
        assert run.returncode == 0, run.stdout
