"""The view of a conflict that an audience may see.

A project reads the rules of its own groups by name. Of other projects it learns only that they have
a rule that stands in the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groupsolver.cluster.scope import UNGROUPED
from groupsolver.constraints.registry import Application
from groupsolver.model.application import Application as BaseApplication
from groupsolver.model.change_costs import Costs
from groupsolver.model.result import (
    Conflict,
    ConflictingPolicy,
    Explanation,
    Fix,
    Placement,
    Shortage,
)
from groupsolver.model.units import amount_text
from groupsolver.store.state.project_scope import RequestedPlacement
from groupsolver.store.state.snapshot_cache import Snapshot

if TYPE_CHECKING:  # ortools is loaded with the first solve
    from groupsolver.solver.explain.corrections import VerifiedFix
    from groupsolver.solver.explain.pipeline import Reasons

OUTSIDE_RULE = ConflictingPolicy(group="", policy="", sentence="a rule outside your project")
OUTSIDE_GROUP = "a group outside your project"  # in place of the group's name
_NOT_FREE = "there is not as much free for them"
_GROUP_PATH = re.compile(r"^groups\[(\d+)\]\.")
# Instances outside groups are one group to the solver, and one for each other project.
_NO_GROUP = re.compile(rf"\b{UNGROUPED}(?: \d+)?\b")
_MEMBERS_OF_NONE = re.compile(
    r"\b(?P<article>a )?(?P<before>new |running )?member(?P<plural>s?) of "
    rf"{UNGROUPED}(?: \d+)?\b"
)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Audience:
    """The reader of a conflict, and what it may see.

    Parameters
    ----------
    tenant : str
        The project of the reader.
    hosts : bool, default False
        Whether names of hosts are shown, and what is free on each host.
    projects : bool, default False
        Whether rules and members of other projects are shown: to an admin.
    """

    tenant: str
    hosts: bool = False
    projects: bool = False

    def sees_all_of(self, other: Audience) -> bool:
        """Return whether this audience may see everything that `other` may see."""
        return (
            self.tenant == other.tenant
            and self.hosts >= other.hosts
            and self.projects >= other.projects
        )

    def visible_costs(self, costs: Costs) -> Costs:
        """Return the costs without those of hidden changes.

        ``free`` shows how full a host is, and ``move`` which members of others run there.
        """
        free = costs.free if self.hosts else None
        move = costs.move if self.projects else None
        return costs.model_copy(update={"free": free, "move": move})

    def may_see(self, fix: VerifiedFix) -> bool:
        """Return whether every change of a fix has a cost in `visible_costs`."""
        shows_free = "free" in fix.kinds and not self.hosts
        shows_move = "move" in fix.kinds and not self.projects
        return not (shows_free or shows_move)


def explanation_for(
    audience: Audience,
    reasons: Reasons,
    requested: RequestedPlacement,
    now: Snapshot,
    host_id: Callable[[str], str],
) -> Explanation:
    """Return why a placement is infeasible, as an audience may see it.

    Parameters
    ----------
    audience : Audience
    reasons : Reasons
    requested : RequestedPlacement
    now : Snapshot
        The state that the placement was solved on.
    host_id : callable
        Returns what is shown in place of a host's name.
    """
    found = reasons.explanation(audience.hosts, audience.may_see)
    view = _ConflictView(audience, reasons, requested, now, host_id)
    conflicts = tuple(view.conflict(one) for one in found.conflicts)
    warnings = visible_warnings(found.warnings, reasons.problem.app, audience, now)
    return found.model_copy(
        update={"conflict": conflicts[0], "conflicts": conflicts, "warnings": warnings}
    )


class _ConflictView:
    """The translation of the solver's conflicts into those that an audience may see."""

    def __init__(
        self,
        audience: Audience,
        reasons: Reasons,
        requested: RequestedPlacement,
        now: Snapshot,
        host_id: Callable[[str], str],
    ) -> None:
        self._audience = audience
        self._requested = requested
        self._host_id = host_id
        self._own_groups = own_group_names(audience.tenant, now).keys() | {UNGROUPED}
        self._names = group_names(audience, now)
        self._labels = instance_labels(requested)
        # Without either, the conflict is not narrowed down: its rules need not be the cause.
        self._narrowed = bool(reasons.conflicts or reasons.possible_without_others)

    def conflict(self, conflict: Conflict) -> Conflict:
        shown = [rule for rule in conflict.policies if self._shows(rule)]
        policies = [self._renamed(rule) for rule in shown]
        # The sizes of groups ("members") are a part of the request, not a rule of a project.
        hides_rule = any(
            rule.policy != "members" and not self._shows(rule) for rule in conflict.policies
        )
        if hides_rule and self._narrowed:
            policies.append(OUTSIDE_RULE)
        return Conflict(
            policies=tuple(policies),
            capacity=tuple(self._shortage(one) for one in conflict.capacity),
            minimal=conflict.minimal,
            fixes=tuple(self._fix(one) for one in conflict.fixes),
        )

    def _shows(self, rule: ConflictingPolicy) -> bool:
        return self._audience.projects or rule.group in self._own_groups

    def _renamed(self, rule: ConflictingPolicy) -> ConflictingPolicy:
        return rule.model_copy(update={"sentence": with_names(rule.sentence, self._names)})

    def _shortage(self, shortage: Shortage) -> Shortage:
        shown = shortage
        if not self._audience.hosts:
            shown = _in_whole_members(shortage, self._requested)
        sentence = with_names(shown.sentence, self._names)
        # The rest of such a sentence shows another project's rule, and its level.
        if OUTSIDE_GROUP in sentence and not self._audience.projects:
            amount = amount_text(shortage.resource, shortage.needed)
            sentence = f"the new members take {amount}; {_NOT_FREE}"
        return shown.model_copy(update={"sentence": sentence})

    def _fix(self, fix: Fix) -> Fix:
        change = with_names(fix.change, self._names)
        return Fix(change=change, cost=fix.cost, placement=self._placement(fix))

    def _placement(self, fix: Fix) -> Placement | None:
        if fix.placement is None:
            return None
        shown = {}
        for instance, host in fix.placement.items():
            label = self._labels.get(instance, instance)
            shown[label] = host if self._audience.hosts else self._host_id(host)
        return shown


def _in_whole_members(shortage: Shortage, requested: RequestedPlacement) -> Shortage:
    """Return a shortage whose free amount is rounded down to whole members of the largest size.

    The exact amount would show how full other projects make the hosts. With 12 needed, 7 available
    and 3 for the largest instance, 6 are shown. The sentence was made for a reader to whom nothing
    is revealed: it counts members, and tells no amount that is free.
    """
    if shortage.available >= shortage.needed:
        return shortage.model_copy(update={"available": shortage.needed})
    sizes = [one.resources.get(shortage.resource, 0) for one in requested.instances]
    size = max(sizes, default=0) or 1
    return shortage.model_copy(update={"available": shortage.available // size * size})


def visible_warnings(
    warnings: Sequence[str], app: BaseApplication[Any], audience: Audience, now: Snapshot
) -> tuple[str, ...]:
    """Return the warnings of a solve for an admin, and none for others.

    Warnings name hosts, and existing names that are close to a misspelt one.
    """
    if not audience.projects:
        return ()
    names = group_names(audience, now)

    def group_of(path: re.Match[str]) -> str:
        return f"group {app.groups[int(path[1])].name}: "

    # The index of a group in the solved application means nothing to a client.
    with_groups = [_GROUP_PATH.sub(group_of, warning) for warning in warnings]
    return tuple(with_names(warning, names) for warning in with_groups)


def conflict_sentences(explanation: Explanation) -> list[str]:
    """Return all sentences of the first conflict."""
    conflict = explanation.conflict or Conflict()
    sentences = [rule.sentence for rule in conflict.policies]
    sentences += [shortage.sentence for shortage in conflict.capacity]
    return sentences


def instance_labels(requested: RequestedPlacement) -> dict[str, str]:
    """Return a label of each instance, by id: its name if that is unique, else its id."""
    count = {one.id: 1 for one in requested.instances}
    for one in requested.instances:
        if one.name is not None:
            count[one.name] = count.get(one.name, 0) + 1
    labels = {}
    for one in requested.instances:
        is_unique = one.name is not None and count[one.name] == 1
        labels[one.id] = one.name if one.name is not None and is_unique else one.id
    return labels


def without_other_projects(
    app: Application, requested: RequestedPlacement, now: Snapshot
) -> Application | None:
    """Return the application without the policies of other projects, or None if there are none."""

    def is_own(name: str) -> bool:
        return now.groups[name].tenant_id == requested.tenant_id

    groups = tuple(
        group
        if not group.policies or is_own(group.name)
        else group.model_copy(update={"policies": ()})
        for group in app.groups
    )
    if all(new is old for new, old in zip(groups, app.groups, strict=True)):
        return None
    return app.model_copy(update={"groups": groups})


def group_names(audience: Audience, now: Snapshot) -> Mapping[str, str]:
    """Return what each group is called for an audience, by id.

    Another project's group is called by its id if the audience's project may join it.
    """
    if audience.projects:
        return {key: group.name or key for key, group in now.groups.items()}
    names = {}
    for key, group in now.groups.items():
        if group.tenant_id != audience.tenant:
            names[key] = key if group.admits(audience.tenant) else OUTSIDE_GROUP
    return {**names, **own_group_names(audience.tenant, now)}


def own_group_names(tenant: str, now: Snapshot) -> dict[str, str]:
    """Return the names of a project's own groups, by id."""
    return {
        key: group.name or key for key, group in now.groups.items() if group.tenant_id == tenant
    }


def with_names(sentence: str, names: Mapping[str, str]) -> str:
    """Return a sentence with names in place of ids.

    All ids are replaced in one pass, since a name may itself look like an id.
    """
    worded = _NO_GROUP.sub("instances outside groups", _MEMBERS_OF_NONE.sub(_instances, sentence))
    return _UUID.sub(lambda found: names.get(found[0], found[0]), worded)


def _instances(found: re.Match[str]) -> str:
    """Return ``"3 new instances outside groups"`` for ``"3 new members of no group"``."""
    article = "an " if found["article"] else ""
    return f"{article}{found['before']}instance{found['plural']} outside groups"
