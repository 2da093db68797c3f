"""What is said when a batch cannot be placed."""

from __future__ import annotations

from groupsolver.constraints.scene import Scene
from groupsolver.model.result import Conflict, ConflictingPolicy, Result
from groupsolver.solver.run import Run


def refusal(scene: Scene, run: Run) -> Result:
    """Answer ``infeasible``: all hard policies and sizes, and disabled hosts that might have helped."""
    policies = [
        ConflictingPolicy(group=rule.group, policy=rule.policy.kind, sentence=str(rule)) for rule in scene.hard()
    ]
    new: dict[str, int] = {}
    for member in scene.batch:
        new[member.group] = new.get(member.group, 0) + 1
    policies += [
        ConflictingPolicy(group=group, policy="members", sentence=f"{count} new members of {group} are placed")
        for group, count in new.items()
    ]
    disabled = [host.name for host in scene.hosts if not host.enabled]
    return Result(
        status="infeasible",
        seconds=run.elapsed(),
        warnings=scene.warnings + _would_have(disabled),
        conflict=Conflict(policies=tuple(policies)),
    )


def _would_have(disabled: list[str], most: int = 10) -> tuple[str, ...]:
    if not disabled:
        return ()
    more = f" and {len(disabled) - most} more" if len(disabled) > most else ""
    return (f"disabled hosts were left out: {', '.join(disabled[:most])}{more}",)
