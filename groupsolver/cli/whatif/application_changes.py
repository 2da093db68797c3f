"""What-if questions about an application: ``--relax``, ``--soften``, ``--drop``, ``--members``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic import ValidationError

from groupsolver.changes.application import FewerMembers, MoreMembers, PolicyReplaced
from groupsolver.changes.change import Change
from groupsolver.cli.whatif.policy_selector import (
    PolicyHistory,
    longest_prefix,
    option_error,
    select_policy,
    unknown_name,
)
from groupsolver.constraints.registry import Application, Group
from groupsolver.errors import BadInput, Fault, quoted
from groupsolver.files.fault_text import shown
from groupsolver.files.faults import faults_of
from groupsolver.files.yaml_text import parse_yaml
from groupsolver.model.application import MAX_MEMBERS, member_ids


def parse_relax(text: str, history: PolicyHistory, levels: Sequence[str]) -> Change:
    """Read ``GROUP.KIND[@LEVEL].FIELD=VALUE``: a field of a policy has another value.

    Raises
    ------
    BadInput
    """
    option = "--relax"
    selected = select_policy(text, history, levels, option)
    policy_type = type(selected.policy)
    fields = [name for name in policy_type.model_fields if name != "kind"]
    assignment = re.fullmatch(r"\.([^=]*)=(.*)", selected.rest, re.DOTALL)
    if assignment is None:
        # The first number of the policy's own, if it has one.
        own = [name for name in fields if name.startswith(("max_", "min_"))]
        example = f".{(own or fields)[0 if own else -1]}=2"
        message = (
            f"expected .FIELD=VALUE behind the policy, such as {example}, "
            f"found {quoted(selected.rest)}"
        )
        raise option_error("wrong-value", message, option)
    field, value = assignment.groups()
    if field not in fields:
        where = f" of {selected.policy.kind}"
        raise unknown_name("unknown-key", "field", field, fields, option, where)
    try:
        data = {**selected.policy.document(), field: parse_yaml(value)}
        policy = policy_type.model_validate(data)
    except BadInput as error:
        raise _in_option(error.faults, f"{option} {field}") from None
    except ValidationError as error:
        raise _in_option(faults_of(error, data), option) from None
    if policy == selected.policy:
        message = f"expected another {field}: it is {shown(data[field])} already"
        raise option_error("wrong-value", message, option)
    return PolicyReplaced(selected.group, selected.index, selected.policy, policy)


def parse_soften(text: str, history: PolicyHistory, levels: Sequence[str]) -> Change:
    """Read ``GROUP.KIND[@LEVEL]``: a hard policy becomes soft, with weight 1.

    Raises
    ------
    BadInput
    """
    selected = select_policy(text, history, levels, "--soften", hard=True)
    _expect_end(selected.rest, "--soften")
    softened = selected.policy.model_copy(update={"weight": 1})
    return PolicyReplaced(selected.group, selected.index, selected.policy, softened)


def parse_drop(text: str, history: PolicyHistory, levels: Sequence[str]) -> Change:
    """Read ``GROUP.KIND[@LEVEL]``: a policy is left out.

    Raises
    ------
    BadInput
    """
    selected = select_policy(text, history, levels, "--drop")
    _expect_end(selected.rest, "--drop")
    return PolicyReplaced(selected.group, selected.index, selected.policy, None)


def parse_members(text: str, app: Application) -> Change:
    """Read ``GROUP=N``: the group has N members of its own, the running ones of the file included.

    Raises
    ------
    BadInput
    """
    option = "--members"
    names = [group.name for group in app.groups]
    name = longest_prefix(text, [one for one in names if text.startswith(f"{one}=")], "=")
    if name is None:
        head, equals, _ = text.partition("=")
        if not equals:
            message = f"expected GROUP=N, such as {names[0]}=2, found {quoted(text)}"
            raise option_error("wrong-value", message, option)
        raise unknown_name("unknown-group", "group", head, names, option)
    group = app.groups[names.index(name)]
    number = text[len(name) + 1 :]
    count = natural_number(number)
    if count is None:
        raise option_error("wrong-type", f"expected an integer, found {quoted(number)}", option)
    all_members = [
        members for other in app.groups if other is not group for members in other.members
    ]
    if count > MAX_MEMBERS - sum(members.count for members in all_members):
        message = f"expected at most {MAX_MEMBERS} members in all, found {count}"
        raise option_error("too-many-members", message, option)
    return _resize(group, count, app, option)


def _resize(group: Group, count: int, app: Application, option: str) -> Change:
    ids = [id_ for id_, _ in member_ids(group)]
    running = {member.id for member in app.existing}
    if count == len(ids):
        message = f"expected another number: {group.name} has {count} already"
        raise option_error("wrong-value", message, option)
    if count < len(ids):
        new = [id_ for id_ in ids if id_ not in running]
        least = len(ids) - len(new)
        if count < least:
            message = f"expected at least {least}: so many of {group.name} run already"
            raise option_error("out-of-range", f"{message}, found {count}", option)
        # The last new ones go: those that stay keep their names.
        removed = new[count - least :]
        return FewerMembers(group.name, len(ids), tuple(removed))
    if not group.members:
        message = f"{group.name} has no members of its own, so the size of one is not known"
        raise option_error("wrong-value", message, option)
    taken = set(running)
    for other in app.groups:
        taken |= {id_ for id_, _ in member_ids(other)}
    added: list[str] = []
    index = len(ids)
    while len(ids) + len(added) < count:
        id_ = f"{group.name}/{index}"
        if id_ not in taken:
            added.append(id_)
        index += 1
    return MoreMembers(group.name, len(ids), group.members[-1], tuple(added))


def natural_number(text: str) -> int | None:
    """Read a natural number in digits; None where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def _expect_end(rest: str, option: str) -> None:
    if rest:
        message = f"expected nothing behind the policy, found {quoted(rest)}"
        raise option_error("wrong-value", message, option)


def _in_option(faults: Sequence[Fault], option: str) -> BadInput:
    """Return faults of a value with the option that it was given in."""
    return BadInput(
        [Fault(fault.code, f"{option} {fault.path}".strip(), fault.message) for fault in faults]
    )
