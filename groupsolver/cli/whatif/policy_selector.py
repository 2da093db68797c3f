"""How the command line names a policy: ``GROUP.KIND``, ``GROUP.KIND@LEVEL``, and ``#2`` for the second of several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from groupsolver.constraints.policy import Policy
from groupsolver.constraints.registry import POLICIES, Application
from groupsolver.errors import BadInput, Fault, nearest, quoted
from groupsolver.model.value import HOST

MAX_POLICIES_NAMED = 5  # policies that a fault names


@dataclass(frozen=True)
class Selected:
    """A policy that was named.

    Attributes
    ----------
    group : str
    place : int
        Where it stands in the group's list.
    policy : Policy
    rest : str
        What follows its name.
    """

    group: str
    place: int
    policy: Policy
    rest: str


def fault(code: str, message: str, option: str) -> BadInput:
    """Give the error of an option's value."""
    return BadInput([Fault(code, option, message)])


def unknown(
    code: str, what: str, name: str, known: Iterable[str], option: str, where: str = ""
) -> BadInput:
    """Give the error of a name that is not known, with the nearest that is; `where` follows the name."""
    names = list(known)
    hint = nearest(name, names)
    told = (
        f"; expected one of: {', '.join(names)}" if 0 < len(names) <= 2 * MAX_POLICIES_NAMED else ""
    )
    return fault(code, f"unknown {what} {quoted(name)}{where}{hint}{told}", option)


def led_by(text: str, names: Iterable[str], ends: str) -> str | None:
    """Give the longest of the names that `text` begins with, one of the `ends` or nothing after it."""
    fit = [
        name
        for name in names
        if text.startswith(name) and (text[len(name) :][:1] or ends)[0] in ends
    ]
    return max(fit, key=len, default=None)


def selected(
    text: str, app: Application, levels: Sequence[str], option: str, *, hard: bool = False
) -> Selected:
    """Find the policy that `text` begins with. Raises `BadInput`.

    Parameters
    ----------
    levels : sequence of str
        The fleet's.
    option : str
        Named in the faults.
    hard : bool
        Whether only hard policies are meant.
    """
    names = [group.name for group in app.groups]
    # Names may hold any sign that parts them here: of those that are known, the longest is meant.
    group = led_by(text, [name for name in names if text.startswith(f"{name}.")], ".")
    if group is None:
        head, dot, _ = text.partition(".")
        if not dot:
            raise fault(
                "wrong-value",
                f"expected GROUP.KIND, such as {_example(app)}, found {quoted(text)}",
                option,
            )
        raise unknown("unknown-group", "group", head, names, option)
    rest = text[len(group) + 1 :]
    kind = re.split(r"[@#.=]", rest, maxsplit=1)[0]
    if kind not in POLICIES:
        raise unknown("unknown-policy", "policy", kind, POLICIES, option)
    policies = app.groups[names.index(group)].policies
    level, rest = _level(
        rest[len(kind) :], [HOST, *levels, *(one.at for one in policies if one.at)], option
    )
    found = [
        (i, one)
        for i, one in enumerate(policies)
        if one.kind == kind and level in {None, one.at} and (one.hard or not hard)
    ]
    place, rest = _chosen(rest, found, _none(group, kind, level, policies, hard), group, option)
    return Selected(group, place, policies[place], rest)


def _level(rest: str, known: list[str], option: str) -> tuple[str | None, str]:
    if not rest.startswith("@"):
        return None, rest
    level = led_by(rest[1:], known, "#.=")
    if level is None:
        name = re.split(r"[#.=]", rest[1:], maxsplit=1)[0]
        raise unknown("unknown-level", "level", name, dict.fromkeys(known), option)
    return level, rest[1 + len(level) :]


def _chosen(
    rest: str, found: list[tuple[int, Policy]], none: str, group: str, option: str
) -> tuple[int, str]:
    """Give the place of the one that is meant: by its number, where there are several."""
    told = re.match(r"#([0-9]{1,4})", rest)
    if not found:
        raise fault("wrong-value", none, option)
    if told:
        number = int(told[1])
        if not 1 <= number <= len(found):
            raise fault(
                "out-of-range",
                f"expected a number from #1 to #{len(found)}, found #{number}",
                option,
            )
        return found[number - 1][0], rest[told.end() :]
    if len(found) > 1:
        several = "; ".join(
            f"#{i}: {policy.describe(group)}"
            for i, (_, policy) in enumerate(found[:MAX_POLICIES_NAMED], 1)
        )
        raise fault(
            "wrong-value",
            f"{len(found)} policies of {group} fit; expected a number behind: {several}",
            option,
        )
    return found[0][0], rest


def _none(group: str, kind: str, level: str | None, policies: Sequence[Policy], hard: bool) -> str:
    at = f" at {level}" if level is not None else ""
    has = (
        ", ".join(
            one.kind + (f"@{one.at}" if one.at else "")
            for one in policies[: 2 * MAX_POLICIES_NAMED]
        )
        or "none"
    )
    return f"group {group} has no {'hard ' * hard}{kind}{at}; its policies: {has}"


def _example(app: Application) -> str:
    for group in app.groups:
        for policy in group.policies:
            return f"{group.name}.{policy.kind}"
    return "DB.anti-affinity"
