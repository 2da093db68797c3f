"""What a source distribution and a wheel contain."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", "benchmarks", "docs", "examples", "groupsolver", "tests")
FILES = (
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "MANIFEST.in",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "constraints.txt",
    "pyproject.toml",
)
LEFT_OUT = ("__pycache__", "*.pyc", "results")
BUILD = """
import sys
from setuptools import build_meta
folder = sys.argv[1]  # setuptools changes sys.argv
build_meta.build_sdist(folder)
build_meta.build_wheel(folder)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, since a build leaves files beside what it builds."""
    copy = tmp_path_factory.mktemp("project")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for file in FILES:
        shutil.copy(ROOT / file, copy)
    return copy


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a source distribution and a wheel."""
    folder = tmp_path_factory.mktemp("built")
    subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=project, capture_output=True, check=True
    )
    return folder


def files_below(folder: Path) -> set[str]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder.parent)) for path in paths}


def test_a_source_distribution_has_all_that_its_tests_need(project: Path, built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {name for folder in FOLDERS for name in files_below(project / folder)} | set(FILES)
    assert wanted - names == set()


def test_a_wheel_has_the_package_and_nothing_else(project: Path, built: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == files_below(project / "groupsolver")
