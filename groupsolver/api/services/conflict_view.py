"""A conflict as its reader may see it: a project's own groups by name, and of others only that they are there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from groupsolver.store.state.problem_scope import LOOSE, Batch
from groupsolver.store.state.snapshot_cache import Snapshot

if TYPE_CHECKING:  # ortools is loaded with the first solve
    from groupsolver.solver.explain.corrections import VerifiedFix
    from groupsolver.solver.explain.pipeline import Reasons

OUTSIDE = ConflictingPolicy(group="", policy="", sentence="a rule outside your project")
STRANGER = "a group outside your project"  # stands for its name
_SHORT = "there is not as much free for them"
_PLACE = re.compile(r"^groups\[(\d+)\]\.")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Audience:
    """Who reads a conflict of a project's instances.

    Parameters
    ----------
    tenant : str
        The project.
    hosts : bool, default False
        Whether names of hosts are shown, and what is free on each.
    projects : bool, default False
        Whether what is other projects' is shown: to an admin.
    """

    tenant: str
    hosts: bool = False
    projects: bool = False

    def sees_all_of(self, other: Audience) -> bool:
        """Whether whatever may be told to `other` may be told to this one."""
        return (
            self.tenant == other.tenant
            and self.hosts >= other.hosts
            and self.projects >= other.projects
        )

    def costs(self, costs: Costs) -> Costs:
        """Leave out changes that are not told: how full a host is, and who runs there, is not for everyone."""
        free = costs.free if self.hosts else None
        return costs.model_copy(
            update={"free": free, "move": costs.move if self.projects else None}
        )

    def may_be_told(self, fix: VerifiedFix) -> bool:
        """Whether a fix is made of such changes only as `costs` has a price for."""
        return (self.hosts or "free" not in fix.kinds) and (
            self.projects or "move" not in fix.kinds
        )


def told(
    reasons: Reasons, reader: Audience, batch: Batch, now: Snapshot, host_id: Callable[[str], str]
) -> Explanation:
    """Put into words why a batch cannot be placed, as its reader may know it.

    Parameters
    ----------
    reasons : Reasons
    reader : Reader
    batch : Batch
    now : Snapshot
    host_id : callable
        Gives what stands for a host's name where that is not shown.
    """
    found = reasons.explanation(reader.hosts, reader.may_be_told)
    own, names, labels = names_of(reader.tenant, now), called(reader, now), labels_of(batch)

    def placement(fix: Fix) -> Placement | None:
        if fix.placement is None:
            return None
        stands = fix.placement.items()
        return {
            labels.get(one, one): host if reader.hosts else host_id(host) for one, host in stands
        }

    def short(one: Shortage) -> Shortage:
        known = one if reader.hosts else _in_members(one, batch)
        sentence = named(known.sentence, names)
        if (
            STRANGER in sentence and not reader.projects
        ):  # it tells what others' rule is, and at which level
            sentence = f"the new members take {amount_text(one.resource, one.needed)}; {_SHORT}"
        return known.model_copy(update={"sentence": sentence})

    def shown(conflict: Conflict) -> Conflict:
        rules = [
            rule
            for rule in conflict.policies
            if reader.projects or rule.group in own or rule.group == LOOSE
        ]
        # How many members a group is asked to take is what was asked for, and no rule of anybody's.
        strange = any(rule not in rules and rule.policy != "members" for rule in conflict.policies)
        policies = [
            rule.model_copy(update={"sentence": named(rule.sentence, names)}) for rule in rules
        ]
        # Where it is not narrowed down, it has rules that may have nothing to do with it.
        if strange and (reasons.conflicts or reasons.possible_without_others):
            policies.append(OUTSIDE)
        return Conflict(
            policies=tuple(policies),
            capacity=tuple(short(one) for one in conflict.capacity),
            minimal=conflict.minimal,
            fixes=tuple(
                Fix(change=named(fix.change, names), cost=fix.cost, placement=placement(fix))
                for fix in conflict.fixes
            ),
        )

    conflicts = tuple(map(shown, found.conflicts))
    warnings = warned(found.warnings, reasons.problem.app, reader, now)
    return found.model_copy(
        update={"conflict": conflicts[0], "conflicts": conflicts, "warnings": warnings}
    )


def _in_members(short: Shortage, batch: Batch) -> Shortage:
    """Count what is free in whole members of the batch, the largest: how full hosts are by others is not told."""
    said = short.sentence.partition("; ")[0]
    if short.available >= short.needed:
        sentence = f"{said}; there is as much for them, but not where the other rules need it"
        return short.model_copy(update={"available": short.needed, "sentence": sentence})
    unit = max((one.resources.get(short.resource, 0) for one in batch.wanted), default=0) or 1
    sentence = f"{said}; {_SHORT}"
    return short.model_copy(
        update={"available": short.available // unit * unit, "sentence": sentence}
    )


def warned(
    warnings: Sequence[str], app: BaseApplication[Any], reader: Audience, now: Snapshot
) -> tuple[str, ...]:
    """Give a solve's warnings to an admin: they name what is nearest to a name that is not there, and hosts."""
    if not reader.projects:
        return ()
    names = called(reader, now)
    # The places of groups in what is solved tell nobody anything.
    there = [
        _PLACE.sub(lambda found: f"group {app.groups[int(found[1])].name}: ", warning)
        for warning in warnings
    ]
    return tuple(named(warning, names) for warning in there)


def sentences(found: Explanation) -> list[str]:
    """Give all that the first conflict says."""
    conflict = found.conflict or Conflict()
    return [rule.sentence for rule in conflict.policies] + [
        short.sentence for short in conflict.capacity
    ]


def labels_of(batch: Batch) -> dict[str, str]:
    """Give what instances are called that are not there yet: their names, where nothing else is called so; or ids."""
    count = {one.id: 1 for one in batch.wanted}
    for one in batch.wanted:
        if one.name is not None:
            count[one.name] = count.get(one.name, 0) + 1
    return {
        one.id: one.name if one.name is not None and count[one.name] == 1 else one.id
        for one in batch.wanted
    }


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


def called(reader: Audience, now: Snapshot) -> Mapping[str, str]:
    """Give what each group is called to a reader: another project's by its id, if it may be named at all."""
    if reader.projects:
        return {key: group.name or key for key, group in now.groups.items()}
    strange = {
        key: key if group.admits(reader.tenant) else STRANGER
        for key, group in now.groups.items()
        if group.tenant_id != reader.tenant
    }
    return {**strange, **names_of(reader.tenant, now)}


def names_of(tenant: str, now: Snapshot) -> dict[str, str]:
    """Give the names of a project's own groups, by their ids: those of others stay as it named them."""
    return {
        key: group.name or key for key, group in now.groups.items() if group.tenant_id == tenant
    }


def named(sentence: str, names: Mapping[str, str]) -> str:
    """Put groups' names for their ids, all at once: what stands in a name is no id."""
    return _UUID.sub(lambda found: names.get(found[0], found[0]), sentence)
