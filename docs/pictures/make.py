"""Draw the pictures of docs/policies.md from figures.yaml and examples/policies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from groupsolver import Limits, load_application, load_fleet, solve
from groupsolver.picture import Panel, figure

HERE = Path(__file__).parent
EXAMPLES = HERE.parent.parent / "examples" / "policies"


def specs() -> dict[str, dict[str, Any]]:
    """Return what figures.yaml says, by the picture's name."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(
        (HERE / "figures.yaml").read_text(encoding="utf-8")
    )
    return found


def panels(name: str, spec: dict[str, Any]) -> list[Panel]:
    """Return the best placement, and the one beside it."""
    app = load_application(EXAMPLES / f"{name}.yaml")
    fleet = load_fleet(EXAMPLES / f"{spec.get('fleet', 'fleet')}.yaml")
    best = solve(app, fleet, objective="cost", limits=Limits(workers=1))
    if best.placement is None:
        raise SystemExit(f"{name}: the example cannot be placed")
    return [
        Panel(app, fleet, best.placement, spec["good"], best.cells),
        Panel(app, fleet, spec["placement"], spec["bad"], spec.get("cells", {})),
    ]


def draw(name: str, spec: dict[str, Any]) -> str:
    """Return a picture as SVG."""
    return figure(
        panels(name, spec), title=spec["title"], tell=spec.get("tell", ()), level=spec.get("level")
    )


if __name__ == "__main__":
    for name, spec in specs().items():
        (HERE / f"{name}.svg").write_text(draw(name, spec), encoding="utf-8")
