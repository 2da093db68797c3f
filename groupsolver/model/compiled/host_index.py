"""Look-ups over the hosts of a fleet, kept in step while hosts come, change and go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from groupsolver.errors import UnknownHost
from groupsolver.model.compiled.host_columns import ABSENT, ColumnDomains, HostColumns
from groupsolver.model.compiled.hosts_by_name import HostsByName
from groupsolver.model.fleet import Host, Link
from groupsolver.model.network.reference_link_cuts import free_bandwidth
from groupsolver.model.pools.pool import Pool
from groupsolver.model.pools.pool_index import PoolIndex
from groupsolver.model.value import HOST, Domain


class HostIndex:
    """Hosts by name and by failure domain.

    Parameters
    ----------
    levels : iterable of str
        The fleet's levels above ``host``.
    hosts : iterable of Host
    links : iterable of Link, optional
        The network as a graph.
    pools : iterable of Pool, optional
        What several hosts share.
    columns : HostColumns, optional
        Further hosts, which come before `hosts`. Each is built as a value when it is asked for.

    Attributes
    ----------
    pools : PoolIndex
    reserved : mapping of (str, str) to int
        Mbit/s that are reserved of the links that leave a domain, in addition to their `used_mbps`.
    """

    def __init__(
        self,
        levels: Iterable[str],
        hosts: Iterable[Host],
        links: Iterable[Link] = (),
        pools: Iterable[Pool] = (),
        columns: HostColumns | None = None,
    ) -> None:
        self.levels = tuple(levels)
        self.links = tuple(links)
        self.pools = PoolIndex(pools)
        self.reserved: Mapping[Domain, int] = {}
        # Found when first asked for, and kept as long as no host changes its domains.
        self._free_mbps: dict[Domain, int] | None = None
        self._unknown_in_pools: tuple[tuple[int, str, int, str], ...] | None = None
        self._hosts: dict[str, Host] | HostsByName = {}
        # Answers for the domains as long as no host comes, goes or moves.
        self._of_columns: ColumnDomains | None = None
        if columns is not None:
            self._hosts = HostsByName(columns)
            self._of_columns = ColumnDomains(columns)
        # A dict for its order: hosts of a domain come in the order in which they were added.
        self._domains: dict[str, dict[str, dict[str, None]]] = {level: {} for level in self.levels}
        self._traits: Counter[str] = Counter()
        self._classes: Counter[str] = Counter()
        self._in_level: Counter[str] = Counter()  # hosts in some domain of each level
        self._reserved_for: Counter[str] = Counter()
        self._unusable: dict[str, None] = {}  # hosts reserved for traits that they have not
        if columns is not None:
            self._count(columns)
        for host in hosts:
            self.put(host)

    def _count(self, columns: HostColumns) -> None:
        """Count what hosts of columns have."""
        count = np.count_nonzero
        self._traits.update({trait: int(count(mask)) for trait, mask in columns.traits.items()})
        reserved = {trait: int(count(mask)) for trait, mask in columns.reserved_for.items()}
        self._reserved_for.update(reserved)
        for name, inventory in columns.inventory.items():
            self._classes[name] = int(count(inventory.present))
        for level, codes in columns.codes.items():
            self._in_level[level] = int(count(codes != ABSENT))
        for row in columns.unusable.tolist():
            self._unusable[columns.names[row]] = None

    def _hosts_of_domains(self) -> dict[str, dict[str, dict[str, None]]]:
        """Return the names of the hosts of each domain, by level; they may be changed."""
        if self._of_columns is not None:
            self._domains = {level: self._of_columns.by_name(level) for level in self.levels}
            self._of_columns = None
        return self._domains

    def __len__(self) -> int:
        return len(self._hosts)

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts.values())

    def __contains__(self, name: str) -> bool:
        return name in self._hosts

    def __getitem__(self, name: str) -> Host:
        try:
            return self._hosts[name]
        except KeyError:
            raise UnknownHost(name) from None

    def copy(self) -> HostIndex:
        """Return look-ups that may change without these; the hosts themselves are shared."""
        other = HostIndex(self.levels, (), self.links)
        other._hosts = self._hosts.copy()
        other._of_columns = self._of_columns
        for level, domains in self._domains.items():
            other._domains[level] = {name: hosts.copy() for name, hosts in domains.items()}
        other._traits = self._traits.copy()
        other._classes = self._classes.copy()
        other._in_level = self._in_level.copy()
        other._reserved_for = self._reserved_for.copy()
        other._unusable = self._unusable.copy()
        other.pools = self.pools
        other.reserved = self.reserved
        other._free_mbps = self._free_mbps
        other._unknown_in_pools = self._unknown_in_pools
        return other

    def put(self, host: Host) -> None:
        """Add a host, or replace the one of that name."""
        before = self._hosts.get(host.name)
        if before is not None and _differ_in_usage(before, host):
            self._hosts[host.name] = host
            return
        if before is None or before.domains != host.domains:
            self._free_mbps = None
            self._unknown_in_pools = None
        if before is not None:
            self._forget(before)
        self._hosts[host.name] = host
        self._traits.update(host.traits)
        self._classes.update(_classes_of(host))
        self._in_level.update(host.domains.keys())
        self._reserved_for.update(host.reserved_for)
        if not set(host.reserved_for).issubset(host.traits):
            self._unusable[host.name] = None
        domains = self._hosts_of_domains()
        for level, domain in host.domains.items():
            domains[level].setdefault(domain, {})[host.name] = None

    def remove(self, name: str) -> None:
        """Take a host out. Raises `UnknownHost`."""
        self._forget(self[name])
        del self._hosts[name]
        self._free_mbps = None
        self._unknown_in_pools = None

    def _forget(self, host: Host) -> None:
        self._traits.subtract(host.traits)
        self._classes.subtract(_classes_of(host))
        self._in_level.subtract(host.domains.keys())
        self._reserved_for.subtract(host.reserved_for)
        self._unusable.pop(host.name, None)
        domains = self._hosts_of_domains()
        for level, domain in host.domains.items():
            members = domains[level][domain]
            del members[host.name]
            if not members:
                del domains[level][domain]

    def names(self) -> list[str]:
        """Return every host's name."""
        return list(self._hosts)

    def domain(self, name: str, level: str) -> str | None:
        """Return the domain of host `name` at `level`, or None where it is in none."""
        return name if level == HOST else self[name].domains.get(level)

    def domains(self, level: str) -> list[str]:
        """Return the names of the domains of a level; of ``host``, the hosts' names."""
        if level == HOST:
            return self.names()
        if self._of_columns is not None:
            return self._of_columns.names(level)
        return list(self._domains[level])

    def number_of_domains(self, level: str) -> int:
        """Return how many domains a level has; of ``host``, how many hosts there are."""
        return len(self) if level == HOST else len(self.domains(level))

    def number_in(self, level: str, domain: str) -> int:
        """Return how many hosts are in a domain."""
        if level == HOST:
            return int(domain in self._hosts)
        if self._of_columns is not None:
            return len(self._of_columns.rows(level, domain))
        return len(self._domains[level].get(domain, ()))

    def free_mbps(self, level: str, name: str) -> int | None:
        """Return what is free on the links that leave a domain, in Mbit/s.

        None where nothing bounds it.
        """
        if self._free_mbps is None:
            self._free_mbps = free_bandwidth(
                self.links, self._hosts, self._hosts_of_domains() if self.links else {}
            )
        free = self._free_mbps.get((level, name))
        if free is None:
            return None
        return max(0, free - self.reserved.get((level, name), 0))

    def traits(self) -> list[str]:
        """Return the traits that some host has."""
        return [trait for trait, hosts in self._traits.items() if hosts > 0]

    @property
    def reserved_for(self) -> list[str]:
        """The traits that some host is reserved for."""
        return [trait for trait, hosts in self._reserved_for.items() if hosts > 0]

    def reserved_for_missing(self) -> Iterator[tuple[str, str]]:
        """Yield the hosts that are reserved for traits which they have not, with the first such.

        Who requires the trait may not land there for want of it, and nobody else may.
        """
        for name in self._unusable:
            host = self[name]
            missing = next(trait for trait in host.reserved_for if trait not in host.traits)
            yield name, missing

    def unknown_in_pools(self) -> tuple[tuple[int, str, int, str], ...]:
        """Return what pools name that the fleet lacks: pool, level, place in the list, and name.

        The level is ``host`` for a host.
        """
        if self._unknown_in_pools is None:
            self._unknown_in_pools = tuple(self._find_unknown_in_pools())
        return self._unknown_in_pools

    def _find_unknown_in_pools(self) -> Iterator[tuple[int, str, int, str]]:
        for number, pool in enumerate(self.pools.pools):
            for place, name in enumerate(pool.hosts):
                if name not in self._hosts:
                    yield number, HOST, place, name
            for level, names in pool.domains.items():
                known = set(self.domains(level))
                for place, name in enumerate(names):
                    if name not in known:
                        yield number, level, place, name

    def resource_classes(self) -> list[str]:
        """Return the resource classes that some host has, or its cells, or a pool."""
        found = {name: None for name, hosts in self._classes.items() if hosts > 0}
        for pool in self.pools.pools:
            found.update(dict.fromkeys(pool.inventory))
        return list(found)

    def has_trait(self, name: str) -> bool:
        """Return whether some host has a trait."""
        return self._traits[name] > 0

    def has_class(self, name: str) -> bool:
        """Return whether some host has a resource class, or its cells, or a pool."""
        if self._classes[name] > 0:
            return True
        return any(name in pool.inventory for pool in self.pools.pools)

    def number_without(self, level: str) -> int:
        """Return how many hosts are in no domain of a level of the fleet."""
        return len(self) - self._in_level[level]

    def hosts_in(self, level: str, domain: str) -> Iterator[Host]:
        """Yield the hosts of a domain; none where the fleet lacks it."""
        if level == HOST:
            return iter([self._hosts[domain]] if domain in self._hosts else [])
        if self._of_columns is not None:
            rows = self._of_columns.rows(level, domain).tolist()
            return (self._hosts[name] for name in self._of_columns.host_names(rows))
        return (self._hosts[name] for name in self._domains[level].get(domain, ()))

    @property
    def hosts_of_columns(self) -> HostsByName | None:
        """The hosts where some came as columns, else None."""
        return self._hosts if isinstance(self._hosts, HostsByName) else None

    def closed_hosts(self) -> Iterator[Host]:
        """Yield the hosts that are disabled, or reserved for some trait."""
        if isinstance(self._hosts, HostsByName):
            return self._hosts.closed()
        return (host for host in self if not host.enabled or host.reserved_for)


def _differ_in_usage(one: Host, other: Host) -> bool:
    """Return whether one host is the other with different usage, as `Host.with_used` returns it.

    Hosts of columns are built anew each time: their parts are equal, and not the same objects.
    """
    pairs = (
        (one.domains, other.domains),
        (one.traits, other.traits),
        (one.reserved_for, other.reserved_for),
        (one.inventory, other.inventory),
        (one.cells, other.cells),
    )
    return all(of_one is of_other or of_one == of_other for of_one, of_other in pairs)


def _classes_of(host: Host) -> list[str]:
    """Return the resource classes of a host and its cells; some may come more than once."""
    if not host.cells:
        return list(host.inventory)
    return [*host.inventory, *(name for cell in host.cells for name in cell.inventory)]
