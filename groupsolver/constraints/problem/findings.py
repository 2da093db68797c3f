"""What rules of a conflict come to on a fleet, as typed values: each makes one sentence.

Every number and name of a sentence is a field here, and the field's line says what it means. So
each of them can be computed anew from the documents.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from groupsolver.model.units import amount_text, count_of, joined

MAX_NAMES_SHOWN = 5  # names in a sentence


class Finding(ABC):
    """A fact about a fleet and the rules of a conflict."""

    @abstractmethod
    def text(self, reveal: bool) -> str:
        """Return the fact in words.

        Parameters
        ----------
        reveal : bool
            Whether hosts and domains are named; otherwise they are counted.
        """


def text_of(findings: Sequence[Finding], reveal: bool) -> str:
    """Return several facts as one sentence."""
    return " and ".join(finding.text(reveal) for finding in findings)


def counted(level: str, names: Sequence[str], reveal: bool) -> str:
    """Return ``"3 racks (r01, r02 and r07)"``; names that are many or hidden are left out."""
    if not names:
        return f"no {level}"
    count = count_of(len(names), level)
    if reveal and len(names) <= MAX_NAMES_SHOWN:
        return f"{count} ({joined(names, MAX_NAMES_SHOWN)})"
    return count


def members_of(groups: Sequence[str], only_new: bool) -> str:
    """Return ``"members of A and B"``, or ``"new members of A and B"``."""
    new = "new " if only_new else ""
    return f"{new}members of {joined(groups, 3)}"


@dataclass(frozen=True)
class GroupSize(Finding):
    """How many members a group has, without those of groups inside it.

    Attributes
    ----------
    group : str
    new, running : int
    """

    group: str
    new: int
    running: int

    def text(self, reveal: bool) -> str:
        """Return how many are placed, and beside how many."""
        verb = "is" if self.new == 1 else "are"
        sentence = f"{count_of(self.new, 'new member')} of {self.group} {verb} placed"
        return f"{sentence}, beside {self.running:,} running" if self.running else sentence


@dataclass(frozen=True)
class DomainsNeeded(Finding):
    """How many domains members need that keep apart, where nothing runs yet.

    Attributes
    ----------
    level, noun : str
    members : int
        What is counted below the group: members, or child groups with some.
    needed : int
        ``members`` over the limit of a domain, rounded up.
    possible : tuple of str
        Domains with a host that could take a member if nothing else came.
    """

    level: str
    noun: str
    members: int
    needed: int
    possible: tuple[str, ...]

    def text(self, reveal: bool) -> str:
        """Return how many they need, and how many there are, where these are too few."""
        needed = count_of(self.needed, self.level)
        need = "needs" if self.members == 1 else "need"
        sentence = f"{count_of(self.members, self.noun)} {need} {needed}"
        if self.needed > len(self.possible):
            sentence += f", and {counted(self.level, self.possible, reveal)} could take one"
        return sentence


@dataclass(frozen=True)
class PlacesLeft(Finding):
    """How many new members a rule leaves places for.

    Attributes
    ----------
    places : int
        An upper bound on the new members below the group that fit, by what is free on each host
        and by the rules that bound hosts and domains one by one.
    members : int
        The new members below the group.
    """

    places: int
    members: int

    def text(self, reveal: bool) -> str:
        """Return how many places there are, for how many."""
        verb = "is" if self.places == 1 else "are"
        places = count_of(self.places, "place")
        return f"by this rule there {verb} at most {places} for {new_members(self.members)}"


def new_members(count: int) -> str:
    """Return ``"3 new members"``."""
    return count_of(count, "new member")


@dataclass(frozen=True)
class RoomiestDomain(Finding):
    """How many of a group's new members the roomiest domain takes, where these are not all.

    Attributes
    ----------
    group, level, domain : str
    takes : int
        An upper bound for every domain; `domain` has it.
    members : int
        The new members below the group.
    """

    group: str
    level: str
    domain: str
    takes: int
    members: int

    def text(self, reveal: bool) -> str:
        """Return how many it takes, and which it is."""
        if not self.takes:
            return f"no {self.level} has room for a member of {self.group}"
        sentence = f"the roomiest {self.level} takes at most {self.takes:,} of "
        sentence += new_members(self.members)
        return f"{sentence} ({self.domain})" if reveal else sentence


@dataclass(frozen=True)
class DomainOfRunning(Finding):
    """How many new members a domain takes in which members of the group run already.

    Attributes
    ----------
    group, level : str
    domains : tuple of str
        Where members below the group run; more than one where they break the rule already.
    takes : int
        An upper bound on the new members below the group that these domains take together.
    members : int
        The new members below the group.
    """

    group: str
    level: str
    domains: tuple[str, ...]
    takes: int
    members: int

    def text(self, reveal: bool) -> str:
        """Return where members run, and how many more these places take."""
        several = len(self.domains) > 1
        where = (
            f"the {counted(self.level, self.domains, False)}" if several else f"the {self.level}"
        )
        if reveal and len(self.domains) <= MAX_NAMES_SHOWN:
            where = f"{self.level}{'s' * several} {joined(self.domains, MAX_NAMES_SHOWN)}"
        take = "take" if several else "takes"
        at_most = f"at most {self.takes:,}" if self.takes else "none"
        return (
            f"{where}, where members of {self.group} run, {take} {at_most} of "
            f"{new_members(self.members)}"
        )


@dataclass(frozen=True)
class PossibleDomains(Finding):
    """In which domains new members of a group could run.

    Attributes
    ----------
    group, level : str
    names : tuple of str
        Domains with a host that could take some new member below the group alone.
    only_new : bool
        Whether members of the group run, too.
    """

    group: str
    level: str
    names: tuple[str, ...]
    only_new: bool

    def text(self, reveal: bool) -> str:
        """Return in how many they could run."""
        members = members_of([self.group], self.only_new)
        return f"{members} could run in {counted(self.level, self.names, reveal)}"


@dataclass(frozen=True)
class RunningDomains(Finding):
    """In which domains running members of a group are.

    Attributes
    ----------
    group, level : str
    names : tuple of str
    """

    group: str
    level: str
    names: tuple[str, ...]

    def text(self, reveal: bool) -> str:
        """Return in how many they are."""
        return f"running members of {self.group} are in {counted(self.level, self.names, reveal)}"


@dataclass(frozen=True)
class DomainsOfLevel(Finding):
    """How many domains of a level the fleet has.

    Attributes
    ----------
    level : str
    number : int
    """

    level: str
    number: int

    def text(self, reveal: bool) -> str:
        """Return how many there are."""
        return f"there {'is' if self.number == 1 else 'are'} {count_of(self.number, self.level)}"


@dataclass(frozen=True)
class UnevenShares(Finding):
    """Members that cannot be shared out evenly.

    Attributes
    ----------
    level : str
    members : int
        Members below the group, all of which are in some domain.
    domains : int
        Domains that a skew counts. They do not divide the members.
    """

    level: str
    members: int
    domains: int

    def text(self, reveal: bool) -> str:
        """Return how many over how many."""
        members = count_of(self.members, "member")
        over = count_of(self.domains, self.level)
        return f"{members} cannot be shared out evenly over {over}"


@dataclass(frozen=True)
class LeastShare(Finding):
    """A domain that takes fewer members than a skew asks of it.

    Attributes
    ----------
    level, domain : str
    domains : int
        Domains that the skew counts.
    least : int
        How many of the members each of these holds at least.
    members : int
        Members below the group, all of which are in some domain.
    holds : int
        An upper bound on what `domain` holds of them, running ones included.
    """

    level: str
    domain: str
    domains: int
    least: int
    members: int
    holds: int

    def text(self, reveal: bool) -> str:
        """Return what each has to hold, and which one cannot."""
        who = f"{self.level} {self.domain}" if reveal else f"one {self.level}"
        each = f"each of {count_of(self.domains, self.level)} has to hold at least {self.least:,}"
        has_room = f"has room for at most {self.holds:,}" if self.holds else "has room for none"
        return f"{each} of {count_of(self.members, 'member')}, and {who} {has_room}"


@dataclass(frozen=True)
class ShareNeeded(Finding):
    """A domain that has to hold a share of the members.

    Attributes
    ----------
    level, domain : str
    members : int
        Members below the group, new and running.
    least : int
        How many of them the domain has to hold.
    holds : int
        An upper bound on what it holds of them, running ones included.
    """

    level: str
    domain: str
    members: int
    least: int
    holds: int

    def text(self, reveal: bool) -> str:
        """Return what it has to hold, and for how many it has room where these are too few."""
        needs = f"{self.level} {self.domain} has to hold at least {self.least:,} of "
        needs += count_of(self.members, "member")
        if self.holds >= self.least:
            return needs
        return f"{needs}, and has room for {_at_most(self.holds)}"


@dataclass(frozen=True)
class ShareAtMost(Finding):
    """A domain that may hold no more than a share of the members.

    Attributes
    ----------
    level, domain : str
    members : int
        Members below the group, new and running.
    most : int
        How many of them the domain may hold.
    """

    level: str
    domain: str
    members: int
    most: int

    def text(self, reveal: bool) -> str:
        """Return what it may hold."""
        members = count_of(self.members, "member")
        return f"{self.level} {self.domain} may hold {_at_most(self.most)} of {members}"


@dataclass(frozen=True)
class RoomiestDomains(Finding):
    """How many of a group's new members the roomiest domains take, where these are not all.

    Attributes
    ----------
    group, level : str
    domains : tuple of str
        As many as the rule allows, or all.
    takes : int
        An upper bound for any so many domains together.
    members : int
        The new members below the group, all of which are in some domain.
    """

    group: str
    level: str
    domains: tuple[str, ...]
    takes: int
    members: int

    def text(self, reveal: bool) -> str:
        """Return how many they take, and which they are."""
        several = len(self.domains) != 1
        number = f"{len(self.domains)} " * several
        sentence = (
            f"the roomiest {number}{self.level}{'s' * several} {'take' if several else 'takes'}"
        )
        sentence += f" {_at_most(self.takes)} of {new_members(self.members)}"
        if reveal and 0 < len(self.domains) <= MAX_NAMES_SHOWN:
            sentence += f" ({joined(self.domains, MAX_NAMES_SHOWN)})"
        return sentence


def _at_most(number: int) -> str:
    return f"at most {number:,}" if number else "none"


@dataclass(frozen=True)
class SuitableHosts(Finding):
    """Where hosts are that suit a rule and have room for a new member, all else aside.

    Attributes
    ----------
    group : str
    places : tuple of (str, tuple of str)
        By level that rules about the group speak at, or ``host``: domains with such a host.
    spoken : bool
        Whether rules about the group speak at levels.
    """

    group: str
    places: tuple[tuple[str, tuple[str, ...]], ...]
    spoken: bool

    def text(self, reveal: bool) -> str:
        """Return how many domains have such hosts."""
        if not any(names for _, names in self.places):
            return f"no host that suits could take a member of {self.group}"
        could = " and ".join(counted(level, names, reveal) for level, names in self.places)
        if self.spoken:
            return f"such hosts with room for a member of {self.group} are in {could}"
        return f"{could} could take a member of {self.group}"


@dataclass(frozen=True)
class MissingTraits(Finding):
    """Traits of which enabled hosts have none.

    Attributes
    ----------
    traits : tuple of str
    disabled : int
        Disabled hosts that have one of them.
    """

    traits: tuple[str, ...]
    disabled: int

    def text(self, reveal: bool) -> str:
        """Return that no host has them."""
        names = " or ".join(self.traits)
        if self.disabled:
            hosts = count_of(self.disabled, "disabled host")
            return f"no enabled host has {names}, and {hosts} {_has(self.disabled)}"
        return f"no host has {names}"


@dataclass(frozen=True)
class LargestHost(Finding):
    """The largest capacity of an enabled host in one resource class.

    Attributes
    ----------
    resource : str
    amount : int
        Used or not.
    """

    resource: str
    amount: int

    def text(self, reveal: bool) -> str:
        """Return that no host has more."""
        return f"no enabled host has more than {amount_text(self.resource, self.amount)}"


def _has(count: int) -> str:
    return "has" if count == 1 else "have"


@dataclass(frozen=True)
class WidestLinks(Finding):
    """What is free on the links of the domains in which a group's new members could run.

    Attributes
    ----------
    group, level : str
    mbps : int
        The most that is free on the links that leave one such domain; every one of them has a
        bound.
    only_new : bool
        Whether members of the group run, too.
    """

    group: str
    level: str
    mbps: int
    only_new: bool

    def text(self, reveal: bool) -> str:
        """Return that no domain has more."""
        members = members_of([self.group], self.only_new)
        return (
            f"no {self.level} that {members} could run in has more than {self.mbps:,} Mbit/s "
            "free on the links that leave it"
        )


@dataclass(frozen=True)
class PlacesAfterLoss(Finding):
    """How many places are left without the roomiest domains.

    Attributes
    ----------
    level : str
    lost : tuple of str
        As many domains as may be lost, those that take most.
    left : int
        An upper bound on the new members below the group that all other hosts take.
    members : int
        The new members below the group.
    """

    level: str
    lost: tuple[str, ...]
    left: int
    members: int

    def text(self, reveal: bool) -> str:
        """Return what is lost, and how many places are left."""
        several = len(self.lost) > 1
        what = self.level + "s" * several
        if reveal:
            what += f" {joined(self.lost, MAX_NAMES_SHOWN)}"
        else:
            what = "the roomiest " + f"{len(self.lost)} " * several + what
        there = f"there {'is' if self.left == 1 else 'are'} at most {count_of(self.left, 'place')}"
        if not self.left:
            there = "there is no place"
        return f"without {what} {there} for {new_members(self.members)}"


@dataclass(frozen=True)
class DomainsWithNothingElse(Finding):
    """Domains that a group could have for itself.

    Attributes
    ----------
    group, level : str
    names : tuple of str
        Domains with a host that could take some new member below the group alone, and in which
        nothing runs that the rule does not allow.
    only_new : bool
        Whether members of the group run, too.
    """

    group: str
    level: str
    names: tuple[str, ...]
    only_new: bool

    def text(self, reveal: bool) -> str:
        """Return how many there are."""
        members = members_of([self.group], self.only_new)
        has = "has" if len(self.names) < 2 else "have"
        names = counted(self.level, self.names, reveal)
        return f"of those that {members} could run in, {names} {has} nothing else"
