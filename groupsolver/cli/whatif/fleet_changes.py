"""What-if questions about a fleet as it is: ``--remove-domain``, ``--free``."""

from __future__ import annotations

from collections.abc import Iterable

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import CapacityFreed
from groupsolver.changes.remove_domain import DomainRemoved
from groupsolver.cli.whatif.application_changes import whole
from groupsolver.cli.whatif.policy_selector import fault, led_by, unknown
from groupsolver.constraints.registry import Application
from groupsolver.errors import quoted
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.value import HOST


def removed(text: str, app: Application, fleet: CompiledFleet) -> Change:
    """Read ``LEVEL=NAME``: a domain is gone, with its hosts. Raises `BadInput`."""
    option, levels = "--remove-domain", [HOST, *fleet.levels]
    level = led_by(text, [one for one in levels if text.startswith(f"{one}=")], "=")
    if level is None:
        head, equals, _ = text.partition("=")
        if not equals:
            raise fault(
                "wrong-value",
                f"expected LEVEL=NAME, such as {levels[-1]}=NAME, found {quoted(text)}",
                option,
            )
        raise unknown("unknown-level", "level", head, levels, option)
    change = DomainRemoved.of(level, text[len(level) + 1 :], app, fleet)
    if not change.hosts:
        raise unknown("wrong-value", level, change.name, fleet.index.domains(level), option)
    return change


def freed(text: str, fleet: CompiledFleet, gone: Iterable[DomainRemoved]) -> Change:
    """Read ``HOST=CLASS:AMOUNT,...``: less of a host is used. Raises `BadInput`."""
    option = "--free"
    name = led_by(text, [one for one in fleet.index.names() if text.startswith(f"{one}=")], "=")
    if name is None:
        head, equals, _ = text.rpartition("=")
        if not equals:
            message = (
                f"expected HOST=CLASS:AMOUNT,..., such as {_example(fleet)}, found {quoted(text)}"
            )
            raise fault("wrong-value", message, option)
        if any(head in lost.hosts for lost in gone):
            raise fault(
                "wrong-value", f"host {quoted(head)} is removed: nothing can be freed there", option
            )
        raise unknown("unknown-host", "host", head, fleet.index.names(), option)
    host, amounts = fleet.index[name], {}
    used = {kind: amount for kind, amount in host.in_use().items() if amount}
    if not used:
        raise fault("wrong-value", f"nothing is used on {name}: nothing can be freed there", option)
    for part in text[len(name) + 1 :].split(","):
        kind, colon, number = part.partition(":")
        amount = whole(number)
        if not colon or amount is None:
            raise fault(
                "wrong-value",
                f"expected CLASS:AMOUNT, such as VCPU:8, found {quoted(part)}",
                option,
            )
        if kind in amounts:
            raise fault("duplicate-key", f"{quoted(kind)} is given twice", option)
        if kind not in used:
            raise unknown(
                "wrong-value",
                "resource class",
                kind,
                used,
                option,
                f" among what is used on {name}",
            )
        if not 1 <= amount <= used[kind]:
            message = f"expected from 1 to {used[kind]} {kind}, which is what is used on {name}, found {amount}"
            raise fault("out-of-range", message, option)
        amounts[kind] = amount
    return CapacityFreed(host, tuple(amounts.items()))


def _example(fleet: CompiledFleet) -> str:
    for host in fleet.index:
        for kind, amount in host.in_use().items():
            if amount:
                return f"{host.name}={kind}:{amount}"
    return "h1=VCPU:8"
