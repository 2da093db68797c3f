"""A fleet in arrays, with the relations between its hosts: compiled once and kept up to date.

Reading from several threads is safe. The caller keeps writing apart from reading.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from groupsolver.errors import require_type
from groupsolver.model.compiled import fleet_file
from groupsolver.model.compiled.arrays import Ints
from groupsolver.model.compiled.host_columns import HostColumns
from groupsolver.model.compiled.host_table import HostTable
from groupsolver.model.convert.columns import given_columns, links_and_pools, read_columns
from groupsolver.model.fleet import Fleet, Host, Link
from groupsolver.model.network.link_cuts import Cut, FleetCuts
from groupsolver.model.network.network import Network
from groupsolver.model.network.proximity_zones import ProximityZones
from groupsolver.model.pools.pool import Pool
from groupsolver.model.value import DistanceMeasure, Domain


class CompiledFleet(HostTable):
    """The table of a fleet's hosts, and what its network and its partitions say about them.

    It is a collection of its hosts by name: ``name in fleet``, ``fleet[name]``, iteration, `len`.
    Hosts come in the order of the fleet, added ones last; an updated host keeps its place.

    The attributes are those of `HostTable`.

    Parameters
    ----------
    fleet : Fleet
    columns : HostColumns, optional
        Hosts that come before those of the fleet; see `from_columns`.
    """

    def __init__(self, fleet: Fleet, columns: HostColumns | None = None) -> None:
        require_type("fleet", fleet, Fleet, "a Fleet", "load_fleet reads one from a file")
        require_type("columns", columns, (HostColumns, type(None)), "HostColumns, or None")
        size = len(fleet.hosts) if columns is None else len(columns)
        super().__init__(fleet.levels, fleet.links, size, fleet.pools, columns)
        # Partitions of the hosts that are no level of the fleet, by a key that no level can have.
        self._partitions: dict[str, tuple[Ints, int]] = {}
        # Found when first asked for. Both depend on hosts and domains, not on what runs there.
        self._cuts: FleetCuts | None = None
        self._network: Network | None = None
        for host in fleet.hosts:
            self.put(host)

    @classmethod
    def from_columns(
        cls,
        names: Any,
        *,
        levels: Mapping[str, Any] | None = None,
        inventory: Mapping[str, Any] | None = None,
        used: Mapping[str, Any] | None = None,
        traits: Any = None,
        reserved_for: Any = None,
        enabled: Any = None,
        cost: Any = None,
        opening_cost: Any = None,
        links: Iterable[Link | Mapping[str, Any]] = (),
        pools: Iterable[Pool | Mapping[str, Any]] = (),
    ) -> CompiledFleet:
        """Compile a fleet whose hosts are given as columns.

        What is solved and checked is the same as for a `Fleet` of these hosts. No host is made a
        value before it is asked for: a million hosts take about a second.

        A column has a value for each host. It is an array of numpy or pyarrow, or a list. A value
        that is not given is masked (`numpy.ma`), null (pyarrow) or None; NaN is an error.

        Parameters
        ----------
        names : column of str
        levels : mapping of str to column, optional
            By level, from the outermost: the names of the hosts' domains, none or empty for a host
            in no domain; or a pair ``(numbers, names)``, with -1 for no domain; or an array of
            pyarrow that is encoded as a dictionary.
        inventory : mapping of str to column, or to mapping of str to column, optional
            By resource class: the totals, none for a host that lacks the class; or the fields of an
            `Inventory` by name, each a column or one value for all hosts.
        used : mapping of str to column, optional
            By resource class: what is in use, existing members included.
        traits, reserved_for : mapping of str to column of bool, or column, optional
            By trait: which hosts have it; or one column of lists of traits, or of texts with
            spaces or commas.
        enabled : column of bool, optional
        cost, opening_cost : column of int, optional
        links, pools : iterable, optional
            As in `Fleet`. NUMA cells are no columns: `update` a host that has some.

        Raises
        ------
        BadInput
            With the faults of all columns: ``inventory.VCPU.total[3]`` is the row at position 3.

        Examples
        --------
        >>> CompiledFleet.from_columns(
        ...     ["h1", "h2"], levels={"rack": ["r1", "r1"]}, inventory={"VCPU": [8, 16]}
        ... )
        <CompiledFleet: 2 hosts, level rack>
        """
        given = given_columns(
            names=names,
            levels=levels,
            inventory=inventory,
            used=used,
            traits=traits,
            reserved_for=reserved_for,
            enabled=enabled,
            cost=cost,
            opening_cost=opening_cost,
        )
        return cls.of_host_columns(read_columns(given), links, pools)

    @classmethod
    def of_host_columns(
        cls,
        columns: HostColumns,
        links: Iterable[Link | Mapping[str, Any]] = (),
        pools: Iterable[Pool | Mapping[str, Any]] = (),
    ) -> CompiledFleet:
        """Compile hosts of valid columns. Raises `BadInput` for links and pools."""
        sound_links, sound_pools = links_and_pools(columns, links, pools)
        fleet = Fleet.model_construct(
            levels=tuple(columns.codes), hosts=(), links=sound_links, pools=sound_pools
        )
        return cls(fleet, columns)

    def dump(self, path: str | os.PathLike[str]) -> None:
        """Write the fleet as it is now to a file for `open`.

        Raises
        ------
        OSError
            Where the file cannot be written.
        """
        fleet_file.dump(self, path)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> CompiledFleet:
        """Return the fleet of a file that `dump` wrote, its arrays mapped into memory.

        Processes that open one file share its arrays. Each may change the fleet: what it changes is
        its own, and the file stays as it is. Only the version that wrote a file opens it.

        The file is a pickle: open none that another could have written, it may run any code.

        Raises
        ------
        BadInput
            For a file that cannot be read, is incomplete, or of another kind or version.
        """
        fleet = fleet_file.load(path)
        require_type("path", fleet, cls, "a file with a compiled fleet")
        return cast(CompiledFleet, fleet)

    def __len__(self) -> int:
        """Return how many hosts there are. Columns are longer where rows are free: `row_count`."""
        return len(self.index)

    def __contains__(self, name: object) -> bool:
        return name in self.rows

    def __getitem__(self, name: str) -> Host:
        """Return the host of that name, as it is now.

        Raises
        ------
        UnknownHost, TypeError
        """
        require_type("name", name, str, "the name of a host")
        return self.index[name]

    def __iter__(self) -> Iterator[Host]:
        return iter(self.index)

    def __repr__(self) -> str:
        hosts = len(self)
        noun = "host" if hosts == 1 else "hosts"
        return f"<CompiledFleet: {hosts:,} {noun}, {_levels_text(self.levels)}>"

    def __copy__(self) -> CompiledFleet:
        # A copy of the attributes alone would share its columns with this fleet.
        return self.copy()

    def __deepcopy__(self, memo: dict[int, object]) -> CompiledFleet:
        # Hosts are immutable and stay shared.
        return self.copy()

    def copy(self) -> CompiledFleet:
        """Return a fleet that may change without this one.

        It takes milliseconds, where compiling takes a second.
        """
        pools = self.index.pools.pools
        empty = Fleet.model_construct(levels=self.levels, hosts=(), links=self.links, pools=pools)
        other = CompiledFleet(empty)
        other._copy_rows_of(self)
        other._partitions = self._partitions.copy()
        other._cuts = self._cuts
        other._network = self._network
        return other

    def put(self, host: Host) -> None:
        """Add a host, or replace the one of that name. Its values are trusted, but for levels."""
        before = self.index[host.name].domains if host.name in self.index else None
        super().put(host)
        self._partitions = {}
        if host.domains != before:
            self._forget_network()

    def remove(self, name: str) -> None:
        """Take a host out. Raises `UnknownHost`; nothing has changed then."""
        super().remove(name)
        self._partitions = {}
        self._forget_network()

    def _forget_network(self) -> None:
        self._cuts = None
        self._network = None

    def partition(self, key: str, make: Callable[[], Ints]) -> str:
        """Divide the hosts in another way than by a level.

        Parameters
        ----------
        key : str
            Identifies the partition; `make` is called where it is not known yet.
        make : callable
            Returns (H,) int64: the part of each host, from 0, -1 for none.

        Returns
        -------
        str
            Takes the place of a level in `codes` and `domains`.
        """
        level = f"\0{key}"  # no name of a level has such a character
        if level not in self._partitions:
            codes = make()
            self._partitions[level] = codes, int(codes.max(initial=-1)) + 1
        return level

    def proximity_zones(self, measure: DistanceMeasure, bound: int) -> tuple[str, ProximityZones]:
        """Return zones of hosts, which of them are near each other, and their partition.

        Parameters
        ----------
        measure : {"hops", "latency"}
        bound : int
            Hosts are near each other at this many hops, or microseconds, at most.

        Returns
        -------
        str
            The level for which `codes` returns the zone of each host.
        ProximityZones
        """
        if self._network is None:
            self._network = Network(self)
        zones = self._network.proximity_zones(measure, bound)
        return self.partition(zones.key, lambda: zones.codes), zones

    def cut(self, level: str) -> Cut:
        """Return what is free on the links that leave each domain of a level, or each host."""
        if self._cuts is None:
            self._cuts = FleetCuts(self)
        return self._cuts.left(self, level)

    def reserve(self, mbps: Mapping[Domain, int]) -> None:
        """Set the Mbit/s that are reserved of the links that leave each domain.

        They come in addition to the links' `used_mbps`.
        """
        self.index.reserved = mbps

    def codes(self, level: str) -> Ints:
        """(H,) int64: the domain of each host at a level, -1 for none; of ``host``, its row."""
        if level in self._partitions:
            codes, _ = self._partitions[level]
            return codes
        return super().codes(level)

    def domains(self, level: str) -> int:
        """Return how many codes a level has."""
        if level in self._partitions:
            _, size = self._partitions[level]
            return size
        return super().domains(level)


def _levels_text(levels: tuple[str, ...]) -> str:
    """Return the levels as a phrase: ``levels zone, rack``."""
    if not levels:
        return "no levels"
    noun = "level" if len(levels) == 1 else "levels"
    return f"{noun} {', '.join(levels)}"


def compile_fleet(fleet: Fleet) -> CompiledFleet:
    """Convert a fleet to arrays, once; `solve` takes the result in place of the fleet."""
    return CompiledFleet(fleet)
