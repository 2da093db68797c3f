"""What-if questions about the hosts of a fleet: ``--remove-domain``, ``--free``."""

from __future__ import annotations

from collections.abc import Iterable

from groupsolver.changes.change import Change
from groupsolver.changes.fleet import CapacityFreed
from groupsolver.changes.pools import PoolFreed
from groupsolver.changes.remove_domain import DomainRemoved
from groupsolver.cli.whatif.application_changes import natural_number
from groupsolver.cli.whatif.policy_selector import longest_prefix, option_error, unknown_name
from groupsolver.constraints.registry import Application
from groupsolver.errors import quoted
from groupsolver.model.compiled.compiled_fleet import CompiledFleet
from groupsolver.model.fleet import Host
from groupsolver.model.value import HOST


def parse_remove_domain(text: str, app: Application, fleet: CompiledFleet) -> Change:
    """Read ``LEVEL=NAME``: a domain is removed, with its hosts.

    Raises
    ------
    BadInput
    """
    option = "--remove-domain"
    levels = [HOST, *fleet.levels]
    level = longest_prefix(text, [one for one in levels if text.startswith(f"{one}=")], "=")
    if level is None:
        head, equals, _ = text.partition("=")
        if not equals:
            message = f"expected LEVEL=NAME, such as {levels[-1]}=NAME, found {quoted(text)}"
            raise option_error("wrong-value", message, option)
        raise unknown_name("unknown-level", "level", head, levels, option)
    change = DomainRemoved.of(level, text[len(level) + 1 :], app, fleet)
    if not change.hosts:
        known = fleet.index.domains(level)
        raise unknown_name("wrong-value", level, change.name, known, option)
    return change


def parse_free(text: str, fleet: CompiledFleet, removed: Iterable[DomainRemoved]) -> Change:
    """Read ``HOST=CLASS:AMOUNT,...`` or ``HOST/CELL=CLASS:AMOUNT,...``: less of a host is used.

    ``POOL=CLASS:AMOUNT,...``: less of a pool is used.

    Parameters
    ----------
    fleet : CompiledFleet
        With the changes so far.
    removed : iterable of DomainRemoved
        Domains that are removed: a host of theirs gets a message of its own.

    Raises
    ------
    BadInput
    """
    option = "--free"
    head, _, pool_amounts = text.partition("=")
    if head in fleet.index.pools and head not in fleet.index:
        pool = fleet.index.pools[head]
        used = {name: amount for name, amount in pool.used.items() if amount}
        return PoolFreed(head, _amounts_of(pool_amounts, used, f"pool {head}", option))
    host, cell, rest = _place_of(text, fleet, removed, option)
    where = host.name if cell is None else f"cell {cell} of {host.name}"
    amounts = _amounts_of(rest, _used_in(host, cell), where, option)
    if cell is None:
        return CapacityFreed(host, amounts)
    return CapacityFreed(host, (), ((cell, amounts),))


def _amounts_of(
    rest: str, used: dict[str, int], where: str, option: str
) -> tuple[tuple[str, int], ...]:
    """Read ``CLASS:AMOUNT,...``, of what is used there."""
    if not used:
        message = f"nothing is used on {where}: nothing can be freed there"
        raise option_error("wrong-value", message, option)
    amounts: dict[str, int] = {}
    for part in rest.split(","):
        name, colon, number = part.partition(":")
        amount = natural_number(number)
        if not colon or amount is None:
            message = f"expected CLASS:AMOUNT, such as VCPU:8, found {quoted(part)}"
            raise option_error("wrong-value", message, option)
        if name in amounts:
            raise option_error("duplicate-key", f"{quoted(name)} is given twice", option)
        if name not in used:
            among = f" among what is used on {where}"
            raise unknown_name("wrong-value", "resource class", name, used, option, among)
        if not 1 <= amount <= used[name]:
            message = f"expected from 1 to {used[name]} {name}, which is what is used on {where}"
            raise option_error("out-of-range", f"{message}, found {amount}", option)
        amounts[name] = amount
    return tuple(amounts.items())


def _used_in(host: Host, cell: str | None) -> dict[str, int]:
    """Return what is used on a host; or in a cell of it, what runs in an unknown cell included."""
    used: dict[str, int] = dict(host.in_use())
    if cell is not None:
        used = dict(host.used_in_cells()[cell])
        for name in host.cell_classes():
            used[name] = used.get(name, 0) + host.used.get(name, 0)
    return {name: amount for name, amount in used.items() if amount}


def _place_of(
    text: str, fleet: CompiledFleet, removed: Iterable[DomainRemoved], option: str
) -> tuple[Host, str | None, str]:
    """Return the host that is named, its cell if one is, and what stands behind the ``=``."""
    names = fleet.index.names()
    name = longest_prefix(text, [one for one in names if text.startswith(f"{one}=")], "=")
    if name is not None:
        return fleet.index[name], None, text[len(name) + 1 :]
    name = longest_prefix(text, [one for one in names if text.startswith(f"{one}/")], "/")
    if name is not None and "=" in text:
        host = fleet.index[name]
        rest = text[len(name) + 1 :]
        cells = [one for one in host.cell_names() if rest.startswith(f"{one}=")]
        cell = longest_prefix(rest, cells, "=")
        if cell is not None:
            return host, cell, rest[len(cell) + 1 :]
        wanted = rest.partition("=")[0]
        where = f" of {host.name}"
        raise unknown_name("unknown-cell", "cell", wanted, host.cell_names(), option, where)
    head, equals, _ = text.rpartition("=")
    if not equals:
        example = _example(fleet)
        message = f"expected HOST=CLASS:AMOUNT,..., such as {example}, found {quoted(text)}"
        raise option_error("wrong-value", message, option)
    if any(head in change.hosts for change in removed):
        message = f"host {quoted(head)} is removed: nothing can be freed there"
        raise option_error("wrong-value", message, option)
    raise unknown_name("unknown-host", "host", head, names, option)


def _example(fleet: CompiledFleet) -> str:
    for host in fleet.index:
        for name, amount in host.in_use().items():
            if amount:
                return f"{host.name}={name}:{amount}"
    return "h1=VCPU:8"
