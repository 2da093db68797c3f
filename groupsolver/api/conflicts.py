"""A conflict as a project may see it: its own groups by name, and of others only that they are there."""

from __future__ import annotations

from groupsolver.constraints import Application
from groupsolver.model.result import Conflict, ConflictingPolicy, Result
from groupsolver.store.mirror import Snapshot
from groupsolver.store.scope import LOOSE, Batch

OUTSIDE = ConflictingPolicy(group="", policy="", sentence="a rule outside your project")


def without_others(app: Application, batch: Batch, now: Snapshot) -> Application | None:
    """Give the application without the rules of other projects; None where it has none."""
    groups = tuple(
        group
        if not group.policies or now.groups[group.name].tenant_id == batch.tenant_id
        else group.model_copy(update={"policies": ()})
        for group in app.groups
    )
    same = all(new is old for new, old in zip(groups, app.groups, strict=True))
    return None if same else app.model_copy(update={"groups": groups})


def told(result: Result, batch: Batch, now: Snapshot, *, blocked: bool) -> Conflict:
    """Give the conflict of a refused batch, for its project.

    `blocked`: others' rules stand in its way. Where they do not, nothing is said of them: that they
    are there at all is their projects' business.
    """
    found = result.conflict or Conflict()
    own = names_of(batch.tenant_id, now)
    policies = [rule for rule in found.policies if rule.group in own or rule.group == LOOSE]
    shown = [rule.model_copy(update={"sentence": named(rule.sentence, own)}) for rule in policies]
    if blocked:
        shown.append(OUTSIDE)
    return found.model_copy(update={"policies": tuple(shown)})


def names_of(tenant: str, now: Snapshot) -> dict[str, str]:
    """Give the names of a project's own groups, by their ids: those of others stay as it named them."""
    return {key: group.name or key for key, group in now.groups.items() if group.tenant_id == tenant}


def named(sentence: str, names: dict[str, str]) -> str:
    """Put groups' names for their ids."""
    words = [(key, name) for key, name in names.items() if key in sentence]
    for key, name in words:
        sentence = sentence.replace(key, name)
    return sentence
