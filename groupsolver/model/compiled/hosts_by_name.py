"""Hosts by their names: values that were put there, before them those of columns."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from groupsolver.model.compiled.host_columns import HostColumns
from groupsolver.model.fleet import Host


class HostsByName(MutableMapping[str, Host]):
    """A dictionary of hosts that need not exist as values.

    As in a dictionary, a host that is replaced keeps its place, and new ones come last.

    Parameters
    ----------
    columns : HostColumns, optional
        The hosts that come first. Each is built when asked for.
    """

    def __init__(self, columns: HostColumns | None = None) -> None:
        self._columns = columns
        self._rows: dict[str, int] = {} if columns is None else columns.rows
        self._replaced: dict[str, Host] = {}  # hosts of columns with other values now
        self._removed: set[str] = set()  # hosts of columns that are gone, or came again
        self._added: dict[str, Host] = {}

    def __len__(self) -> int:
        return len(self._rows) - len(self._removed) + len(self._added)

    def __iter__(self) -> Iterator[str]:
        if self._removed:
            yield from (name for name in self._rows if name not in self._removed)
        else:
            yield from self._rows
        yield from self._added

    def __contains__(self, name: object) -> bool:
        if name in self._added:
            return True
        return name in self._rows and name not in self._removed

    def __getitem__(self, name: str) -> Host:
        host = self._added.get(name)
        if host is None:
            host = self._replaced.get(name)
        if host is not None:
            return host
        if self._columns is None or name in self._removed:
            raise KeyError(name)
        return self._columns.host(self._rows[name])

    def __setitem__(self, name: str, host: Host) -> None:
        of_columns = name in self._rows and name not in self._removed
        hosts = self._replaced if of_columns else self._added
        hosts[name] = host

    def __delitem__(self, name: str) -> None:
        if name in self._added:
            del self._added[name]
        elif name in self:
            self._replaced.pop(name, None)
            self._removed.add(name)
        else:
            raise KeyError(name)

    def copy(self) -> HostsByName:
        """Return a dictionary that may change without this one; columns are shared."""
        other = HostsByName(self._columns)
        other._replaced = self._replaced.copy()
        other._removed = self._removed.copy()
        other._added = self._added.copy()
        return other

    @property
    def columns(self) -> HostColumns | None:
        """The hosts that come first, as they were."""
        return self._columns

    def removed(self) -> list[str]:
        """Return the names of hosts of columns that are gone, or came again."""
        return sorted(self._removed)

    def put_later(self) -> list[Host]:
        """Return the hosts that were put since: those with other values, then those added."""
        return [*self._replaced.values(), *self._added.values()]

    def closed(self) -> Iterator[Host]:
        """Yield the hosts that are disabled, or reserved for some trait."""
        if self._columns is not None:
            names = self._columns.names
            closed = {names[row] for row in self._columns.closed.tolist()}
            changed = closed.union(self._replaced) - self._removed
            for name in sorted(changed, key=self._rows.__getitem__):
                host = self[name]
                if not host.enabled or host.reserved_for:
                    yield host
        for host in self._added.values():
            if not host.enabled or host.reserved_for:
                yield host
