"""Some groups' new members as a batch of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.scene import Scene
from groupsolver.model.application import Application


def subset(scene: Scene, part: frozenset[str], stays: Callable[[str, Policy], bool]) -> Application[Any]:
    """Give the application with the new members of some groups alone.

    Parameters
    ----------
    part : frozenset of str
        These groups.
    stays : callable
        Whether a policy of a group is kept.
    """
    groups = []
    for group in scene.app.groups:
        rules = tuple(policy for policy in group.policies if stays(group.name, policy))
        members = group.members if group.name in part else ()
        groups.append(group.model_copy(update={"policies": rules, "members": members}))
    # Running members say their own size: the member whose it was may be left out.
    existing = tuple(
        there.model_copy(update={"flavor": None, "resources": standing.resources})
        for there, standing in zip(scene.app.existing, scene.standing, strict=True)
    )
    return scene.app.model_copy(update={"groups": tuple(groups), "existing": existing})
