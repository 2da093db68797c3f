"""The frames of a picture: levels of the fleet that nest, and the hosts in each domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from groupsolver.model.fleet import Host
from groupsolver.picture.conflicts.named_places import NamedPlaces
from groupsolver.picture.host_state import HostState, Tally, tally_of
from groupsolver.picture.text import natural

# A level still counts as nested where at most this share of its domains crosses the border of
# another: a mistake in one host's description should not remove the racks from a whole picture.
_MAX_CROSSING = 0.1

Path = tuple[str | None, ...]  # names of domains, outermost first


@dataclass
class Domain:
    """A frame: a failure domain, or the part of it within the frame around it.

    Attributes
    ----------
    level : str
        Empty for the whole fleet.
    name : str or None
        None for the hosts that are in no domain of the level.
    partial : bool
        Whether the domain goes on in another frame.
    children : list of Domain
    hosts : list of HostState
        The hosts, where the frame has no children.
    tally : Tally
        The sums over all hosts inside.
    named_by : tuple of int
        The rules of a conflict that speak of the domain, by their numbers.
    """

    level: str
    name: str | None
    partial: bool = False
    children: list[Domain] = field(default_factory=list)
    hosts: list[HostState] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    named_by: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        """The level and the name, or that there is none."""
        if not self.level:
            return "fleet"
        name = f"no {self.level}" if self.name is None else f"{self.level} {self.name}"
        return f"{name} (part)" if self.partial else name

    def leaves(self) -> Iterator[Domain]:
        """Yield the frames that hold hosts."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def nested_levels(hosts: Iterable[Host], levels: Sequence[str]) -> list[str]:
    """Return the levels that are drawn as frames, outermost first: each nests in the one before.

    Levels join in the fleet's order. One that overlaps with those already in is left out.
    """
    hosts = list(hosts)
    chain: list[str] = []
    for level in levels:
        if not any(level in host.domains for host in hosts):
            continue
        # As far inside as it fits: inside the level before it, and around the one behind it.
        for position in range(len(chain), -1, -1):
            inside = chain[position : position + 1]
            around = chain[max(0, position - 1) : position]
            holds_inner = all(_nests(hosts, inner, level) for inner in inside)
            if holds_inner and all(_nests(hosts, level, outer) for outer in around):
                chain.insert(position, level)
                break
    return chain


def _nests(hosts: Sequence[Host], inner: str, outer: str) -> bool:
    """Return whether nearly every domain of a level is inside one domain of another."""
    around: dict[str, set[str | None]] = {}
    for host in hosts:
        name = host.domains.get(inner)
        if name is not None:
            around.setdefault(name, set()).add(host.domains.get(outer))
    crossing = sum(len(names) > 1 for names in around.values())
    return crossing <= _MAX_CROSSING * len(around)


def domain_tree(
    states: Sequence[HostState],
    chain: Sequence[str],
    named: NamedPlaces,
) -> Domain:
    """Sort hosts into frames, with domains and hosts in natural order of their names.

    Parameters
    ----------
    states : sequence of HostState
    chain : sequence of str
        The levels that are drawn as frames, outermost first.
    named : NamedPlaces
    """
    root = Domain("", None)
    domains: dict[Path, Domain] = {(): root}
    # The frames around each domain: more than one where it crosses a border.
    parents: dict[tuple[str, str], set[Path]] = {}
    for state in sorted(states, key=lambda state: natural(state.host.name)):
        path: Path = ()
        for level in chain:
            name = state.host.domains.get(level)
            outer = path
            path = (*path, name)
            if path not in domains:
                domains[path] = Domain(level, name, named_by=named.of_domain(level, name))
                domains[outer].children.append(domains[path])
            if name is not None:
                parents.setdefault((level, name), set()).add(outer)
        domains[path].hosts.append(state)
    _finish(root, {domain for domain, outers in parents.items() if len(outers) > 1})
    return root


def _finish(domain: Domain, crossing: set[tuple[str, str]]) -> None:
    """Sort the frames inside and sum over their hosts."""
    domain.partial = domain.name is not None and (domain.level, domain.name) in crossing
    domain.children.sort(key=lambda child: natural(child.name))
    for child in domain.children:
        _finish(child, crossing)
        domain.tally.add(child.tally)
    if domain.hosts:
        domain.tally = tally_of(domain.hosts)
    domain.tally.named_by.update(domain.named_by)
