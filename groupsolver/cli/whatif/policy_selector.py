"""How the command line names a policy.

``GROUP.KIND`` or ``GROUP.KIND@LEVEL``, with ``#2`` behind it for the second of several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groupsolver.changes.application import PolicyReplaced
from groupsolver.changes.change import Change
from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import POLICIES, Application
from groupsolver.errors import BadInput, Fault, nearest, quoted
from groupsolver.model.units import joined
from groupsolver.model.value import HOST

MAX_POLICIES_NAMED = 5
MAX_NAMES_EXPECTED = 10  # longer lists of known names are not repeated in a message


@dataclass(frozen=True)
class SelectedPolicy:
    """A policy that an option names.

    Attributes
    ----------
    group : str
    index : int
        Its index in the group's policies, as the changes so far have left them.
    policy : Policy
        With the changes so far.
    rest : str
        The text behind its name.
    """

    group: str
    index: int
    policy: Policy
    rest: str


def option_error(code: str, message: str, option: str) -> BadInput:
    """Return the error of an option's value."""
    return BadInput([Fault(code, option, message)])


def unknown_name(
    code: str, what: str, name: str, known: Iterable[str], option: str, where: str = ""
) -> BadInput:
    """Return the error of a name that is not known, with the nearest known one.

    Parameters
    ----------
    what : str
        What the name was expected to be, such as ``"host"``.
    where : str
        Follows the name in the message.
    """
    names = list(known)
    expected = ""
    if 0 < len(names) <= MAX_NAMES_EXPECTED:
        expected = f"; expected one of: {', '.join(names)}"
    message = f"unknown {what} {quoted(name)}{where}{nearest(name, names)}{expected}"
    return option_error(code, message, option)


def longest_prefix(text: str, names: Iterable[str], ends: str) -> str | None:
    """Return the longest name that `text` begins with, followed by one of `ends` or by nothing."""
    fitting = []
    for name in names:
        follows = text[len(name) : len(name) + 1]
        if text.startswith(name) and (not follows or follows in ends):
            fitting.append(name)
    return max(fitting, key=len, default=None)


class PolicyHistory:
    """The policies of the file, and what the changes so far made of them.

    Names and numbers mean the policies of the file, however many changes came before.

    Parameters
    ----------
    original : Application
        As in the file.
    """

    def __init__(self, original: Application) -> None:
        self.original = original
        self._present: dict[str, list[Policy | None]] = {
            group.name: list(group.policies) for group in original.groups
        }

    def present(self, group: str, position: int) -> Policy | None:
        """Return what a policy of the file has become; None where it was dropped."""
        return self._present[group][position]

    def index(self, group: str, position: int) -> int:
        """Return the index of a policy of the file among those that are left of its group."""
        before = self._present[group][:position]
        return sum(policy is not None for policy in before)

    def note(self, change: Change) -> None:
        """Follow a change that was applied."""
        if isinstance(change, PolicyReplaced):
            present = self._present[change.group]
            left = [position for position, policy in enumerate(present) if policy is not None]
            present[left[change.index]] = change.new


def select_policy(
    text: str, history: PolicyHistory, levels: Sequence[str], option: str, *, hard: bool = False
) -> SelectedPolicy:
    """Find the policy whose name `text` begins with.

    Parameters
    ----------
    history : PolicyHistory
    levels : sequence of str
        The fleet's.
    option : str
        Named in the faults.
    hard : bool
        Whether only hard policies count.

    Raises
    ------
    BadInput
    """
    app = history.original
    group = _select_group(text, app, option)
    rest = text[len(group) + 1 :]
    kind = re.split(r"[@#.=]", rest, maxsplit=1)[0]
    if kind not in POLICIES:
        raise unknown_name("unknown-policy", "policy", kind, POLICIES, option)
    names = [each.name for each in app.groups]
    policies = app.groups[names.index(group)].policies
    own_levels = [policy.at for policy in policies if policy.at]
    level, rest = _split_level(rest[len(kind) :], [HOST, *levels, *own_levels], option)
    matching = []
    for position, policy in enumerate(policies):
        if policy.kind == kind and level in {None, policy.at}:
            matching.append(position)
    if not any(policies[position].hard or not hard for position in matching):
        message = _no_policy(group, kind, level, policies, hard)
        raise option_error("wrong-value", message, option)
    position, rest = _select_one(rest, matching, policies, group, option, hard)
    present = history.present(group, position)
    if present is None:
        message = f"expected a policy that is not dropped: {policies[position].describe(group)}"
        raise option_error("wrong-value", message, option)
    if hard and not present.hard:
        message = f"expected a hard policy; this one is soft: {present.describe(group)}"
        raise option_error("wrong-value", message, option)
    return SelectedPolicy(group, history.index(group, position), present, rest)


def _select_group(text: str, app: Application, option: str) -> str:
    names = [group.name for group in app.groups]
    # Names may contain the signs that separate them here: the longest known name is meant.
    group = longest_prefix(text, [name for name in names if text.startswith(f"{name}.")], ".")
    if group is not None:
        return group
    head, dot, _ = text.partition(".")
    if not dot:
        message = f"expected GROUP.KIND, such as {_example(app)}, found {quoted(text)}"
        raise option_error("wrong-value", message, option)
    raise unknown_name("unknown-group", "group", head, names, option)


def _split_level(rest: str, known: list[str], option: str) -> tuple[str | None, str]:
    """Return the level that `rest` begins with, if any, and what follows it."""
    if not rest.startswith("@"):
        return None, rest
    level = longest_prefix(rest[1:], known, "#.=")
    if level is None:
        name = re.split(r"[#.=]", rest[1:], maxsplit=1)[0]
        raise unknown_name("unknown-level", "level", name, dict.fromkeys(known), option)
    return level, rest[1 + len(level) :]


def _select_one(
    rest: str,
    matching: list[int],
    policies: Sequence[Policy],
    group: str,
    option: str,
    hard: bool,
) -> tuple[int, str]:
    """Return the index of the policy that is meant, and what follows its number, if it has one.

    Numbers count all policies that match, soft ones too: a policy has one number for all options.
    """
    number = re.match(r"#([0-9]{1,4})", rest)
    if number:
        position = int(number[1])
        if not 1 <= position <= len(matching):
            message = f"expected a number from #1 to #{len(matching)}, found #{position}"
            raise option_error("out-of-range", message, option)
        return matching[position - 1], rest[number.end() :]
    numbered = [
        (position, index)
        for position, index in enumerate(matching, 1)
        if policies[index].hard or not hard
    ]
    if len(numbered) > 1:
        shown = [
            f"#{position}: {policies[index].describe(group)}"
            for position, index in numbered[:MAX_POLICIES_NAMED]
        ]
        count = f"{len(numbered)} policies of {group} fit"
        message = f"{count}; expected a number behind: {'; '.join(shown)}"
        raise option_error("wrong-value", message, option)
    [(_, index)] = numbered
    return index, rest


def _no_policy(
    group: str, kind: str, level: str | None, policies: Sequence[Policy], hard: bool
) -> str:
    wanted = f"{'hard ' if hard else ''}{kind}{f' at {level}' if level is not None else ''}"
    existing = [policy.kind + (f"@{policy.at}" if policy.at else "") for policy in policies]
    shown = joined(existing, MAX_NAMES_EXPECTED) or "none"
    return f"group {group} has no {wanted}; its policies: {shown}"


def _example(app: Application) -> str:
    for group in app.groups:
        for policy in group.policies:
            return f"{group.name}.{policy.kind}"
    return "DB.anti-affinity"
