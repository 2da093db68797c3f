"""The frames: which levels of the fleet nest in one another, and the hosts in each domain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from groupsolver.model.fleet import Host
from groupsolver.picture.facts import Stand, Tally, tally
from groupsolver.picture.text import natural

# A level still counts as nested where at most this share of its domains crosses the border of
# another: a slip in one host's description should not take the racks out of a whole picture.
_CROSSING = 0.1


@dataclass
class Domain:
    """A frame: a failure domain, or the part of it within the frame around it.

    Attributes
    ----------
    level : str
        Empty for the whole fleet.
    name : str or None
        None for the hosts that stand in no domain of the level.
    part : bool
        Whether the domain goes on in another frame.
    children : list of Domain
    stands : list of Stand
        The hosts, where the frame has no children.
    """

    level: str
    name: str | None
    part: bool = False
    children: list[Domain] = field(default_factory=list)
    stands: list[Stand] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)

    @property
    def label(self) -> str:
        """The level and the name, or that there is none."""
        if not self.level:
            return "fleet"
        name = f"no {self.level}" if self.name is None else f"{self.level} {self.name}"
        return f"{name} (part)" if self.part else name

    def leaves(self) -> Iterator[Domain]:
        """Give the frames that hold hosts."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def chain_of(hosts: Iterable[Host], levels: Sequence[str]) -> list[str]:
    """Give the levels that are drawn as frames, outermost first: each nests in the one before.

    Levels join in the fleet's order; one that overlaps with those already in is left out.
    """
    hosts = list(hosts)
    chain: list[str] = []
    for level in levels:
        if not any(level in host.domains for host in hosts):
            continue
        for at in range(len(chain), -1, -1):
            if all(_nests(hosts, inner, level) for inner in chain[at : at + 1]) and all(
                _nests(hosts, level, outer) for outer in chain[max(0, at - 1) : at]
            ):
                chain.insert(at, level)
                break
    return chain


def _nests(hosts: Sequence[Host], inner: str, outer: str) -> bool:
    around: dict[str, set[str | None]] = {}
    for host in hosts:
        if (name := host.domains.get(inner)) is not None:
            around.setdefault(name, set()).add(host.domains.get(outer))
    crossing = sum(len(names) > 1 for names in around.values())
    return crossing <= _CROSSING * len(around)


def tree_of(stands: Sequence[Stand], chain: Sequence[str]) -> Domain:
    """Sort hosts into frames, domains and hosts in natural order of their names."""
    root = Domain("", None)
    found: dict[tuple[str | None, ...], Domain] = {(): root}
    homes: dict[tuple[str, str], set[tuple[str | None, ...]]] = {}
    for stand in sorted(stands, key=lambda stand: natural(stand.host.name)):
        path: tuple[str | None, ...] = ()
        for level in chain:
            name = stand.host.domains.get(level)
            outer, path = path, (*path, name)
            if path not in found:
                found[path] = Domain(level, name)
                found[outer].children.append(found[path])
            if name is not None:
                homes.setdefault((level, name), set()).add(outer)
        found[path].stands.append(stand)
    _finish(root, {domain for domain, outers in homes.items() if len(outers) > 1})
    return root


def _finish(domain: Domain, crossing: set[tuple[str, str]]) -> None:
    domain.part = domain.name is not None and (domain.level, domain.name) in crossing
    domain.children.sort(key=lambda child: natural(child.name))
    for child in domain.children:
        _finish(child, crossing)
        domain.tally.add(child.tally)
    if domain.stands:
        domain.tally = tally(domain.stands)
