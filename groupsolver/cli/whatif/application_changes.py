"""What-if questions about an application: ``--relax``, ``--soften``, ``--drop``, ``--members``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ValidationError

from groupsolver.changes.application import FewerMembers, MoreMembers, PolicyReplaced
from groupsolver.changes.change import Change
from groupsolver.cli.whatif.policy_selector import fault, led_by, selected, unknown
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault, quoted
from groupsolver.files.fault_text import shown
from groupsolver.files.faults import faults_of
from groupsolver.files.yaml_text import parse_yaml
from groupsolver.model.application import MAX_MEMBERS, member_ids


def relaxed(text: str, app: Application, levels: Sequence[str]) -> Change:
    """Read ``GROUP.KIND[@LEVEL].FIELD=VALUE``: a policy says something else. Raises `BadInput`."""
    option = "--relax"
    found = selected(text, app, levels, option)
    said = re.fullmatch(r"\.([^=]*)=(.*)", found.rest, re.DOTALL)
    kind, known = (
        found.policy.kind,
        [name for name in type(found.policy).model_fields if name != "kind"],
    )
    if said is None:
        message = f"expected .FIELD=VALUE behind the policy, such as .{known[-1]}=2, found {quoted(found.rest)}"
        raise fault("wrong-value", message, option)
    field, value = said[1], said[2]
    if field not in known:
        raise unknown("unknown-key", "field", field, known, option, f" of {kind}")
    try:
        data = {**found.policy.document(), field: parse_yaml(value)}
        policy = type(found.policy).model_validate(data)
    except BadInput as error:
        raise _of_option(error.faults, f"{option} {field}") from None
    except ValidationError as error:
        raise _of_option(faults_of(error, data), option) from None
    if policy == found.policy:
        raise fault(
            "wrong-value", f"expected another {field}: it is {shown(data[field])} already", option
        )
    return PolicyReplaced(found.group, found.place, found.policy, policy)


def softened(text: str, app: Application, levels: Sequence[str]) -> Change:
    """Read ``GROUP.KIND[@LEVEL]``: a hard policy is a wish, of weight 1. Raises `BadInput`."""
    found = selected(text, app, levels, "--soften", hard=True)
    _ended(found.rest, "--soften")
    return PolicyReplaced(
        found.group, found.place, found.policy, found.policy.model_copy(update={"weight": 1})
    )


def dropped(text: str, app: Application, levels: Sequence[str]) -> Change:
    """Read ``GROUP.KIND[@LEVEL]``: a policy is left out. Raises `BadInput`."""
    found = selected(text, app, levels, "--drop")
    _ended(found.rest, "--drop")
    return PolicyReplaced(found.group, found.place, found.policy, None)


def sized(text: str, app: Application) -> Change:
    """Read ``GROUP=N``: so many members of its own, running ones of the file too. Raises `BadInput`."""
    option, names = "--members", [group.name for group in app.groups]
    name = led_by(text, [one for one in names if text.startswith(f"{one}=")], "=")
    if name is None:
        head, equals, _ = text.partition("=")
        if not equals:
            raise fault(
                "wrong-value",
                f"expected GROUP=N, such as {names[0]}=2, found {quoted(text)}",
                option,
            )
        raise unknown("unknown-group", "group", head, names, option)
    most = MAX_MEMBERS - sum(
        sum(one.count for one in group.members) for group in app.groups if group.name != name
    )
    group, number = app.groups[names.index(name)], text[len(name) + 1 :]
    count = whole(number)
    if count is None:
        raise fault("wrong-type", f"expected an integer, found {quoted(number)}", option)
    if count > most:
        raise fault(
            "too-many-members",
            f"expected at most {MAX_MEMBERS} members in all, found {count}",
            option,
        )
    return _resized(group, count, app, option)


def _resized(group: Group, count: int, app: Application, option: str) -> Change:
    ids = [id_ for id_, _ in member_ids(group)]
    running = {there.id for there in app.existing}
    if count == len(ids):
        raise fault(
            "wrong-value", f"expected another number: {group.name} has {count} already", option
        )
    if count < len(ids):
        new = [id_ for id_ in ids if id_ not in running]
        if count < len(ids) - len(new):
            message = f"expected at least {len(ids) - len(new)}: so many of {group.name} run already, found {count}"
            raise fault("out-of-range", message, option)
        # The last go first: the names of those that stay are what they were.
        return FewerMembers(group.name, len(ids), tuple(new[len(new) - (len(ids) - count) :]))
    if not group.members:
        raise fault(
            "wrong-value",
            f"{group.name} has no members of its own: nobody knows what one takes",
            option,
        )
    taken = running | {id_ for other in app.groups for id_, _ in member_ids(other)}
    fresh: list[str] = []
    index = len(ids)
    while len(ids) + len(fresh) < count:
        if (id_ := f"{group.name}/{index}") not in taken:
            fresh.append(id_)
        index += 1
    return MoreMembers(group.name, len(ids), group.members[-1], tuple(fresh))


def whole(text: str) -> int | None:
    """Read a natural number in digits; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _ended(rest: str, option: str) -> None:
    if rest:
        raise fault(
            "wrong-value", f"expected nothing behind the policy, found {quoted(rest)}", option
        )


def _of_option(faults: Sequence[Fault], option: str) -> BadInput:
    return BadInput(
        [Fault(one.code, f"{option} {one.path}".strip(), one.message) for one in faults]
    )
