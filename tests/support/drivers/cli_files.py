"""Files for the command, and calls of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from groupsolver.cli.main import main
from tests.support.documents import FLEET, put, write

SMALL: dict[str, Any] = {
    "groups": [
        {
            "name": "[bold]LB",
            "policies": ["anti-affinity"],
            "members": [{"resources": {"VCPU": 1}, "count": 2}],
        }
    ]
}


def prepared(folder: Path) -> Path:
    """Write an application, one that cannot be placed, and their fleet."""
    write(folder, "fleet.yaml", FLEET)
    write(folder, "app.yaml", SMALL)
    write(folder, "many.json", put(SMALL, ["groups", 0, "members", 0, "count"], 3))
    return folder


def place(files: Path, app: str, *options: str) -> int:
    return main(
        [
            "place",
            str(files / app),
            "--fleet",
            str(files / "fleet.yaml"),
            "--workers",
            "1",
            *options,
        ]
    )


def check(files: Path, placement: str, *options: str, app: str = "app.yaml") -> int:
    fleet = str(files / "fleet.yaml")
    return main(
        [
            "check",
            str(files / app),
            "--fleet",
            fleet,
            "--placement",
            str(files / placement),
            *options,
        ]
    )
