"""A smaller fleet for members that take no room: hosts and domains that are alike stand for others.

Members that take nothing tell hosts apart by eligibility and domains alone. Let T be the number of
such members. Two steps keep a fleet that has a placement if and only if the whole fleet has one:

- of the hosts of one kind in one domain, T are enough;
- a domain may be dropped where T kept domains, below the same coarser domains, have as many hosts
  of each kind: of these T, one is touched by no member, and can take over what was in the dropped.

Example: T = 2 members, racks r1 and r2 with 9 equal hosts each. Two hosts of each rack are kept.
With ten such racks in one zone, two racks are kept, so 4 hosts instead of 90.

It does not apply where a policy looks at more than domains (distances, links), or where levels
cross each other. All domains of a level over which a skew is taken, or that a rule names, are
kept, as are hosts with running members.
"""

from __future__ import annotations

import numpy as np

from groupsolver.constraints.eligibility import open_hosts, suited
from groupsolver.constraints.problem.compiled_problem import CompiledProblem
from groupsolver.constraints.protocols.fleet_validation import needs_links
from groupsolver.constraints.protocols.network import loads_links
from groupsolver.constraints.protocols.presolve import HostEquivalence, host_equivalence
from groupsolver.constraints.protocols.scope import counts_all_groups
from groupsolver.constraints.rules import rules_of
from groupsolver.model.compiled.arrays import Ints, Mask
from groupsolver.model.compiled.class_ranks import class_labels, ranks_in_class
from groupsolver.model.compiled.compiled_fleet import CompiledFleet, compile_fleet
from groupsolver.model.fleet import Fleet
from groupsolver.model.value import HOST

MIN_HOSTS = 64  # a fleet of no more hosts is not worth reducing
MAX_KEPT_SHARE = 0.7  # where more of the hosts must be kept, all are


def quotient_fleet(compiled: CompiledProblem) -> CompiledFleet:
    """Return a fleet of some of the hosts that is possible if and only if the whole fleet is.

    Only for a problem whose new members take no resources.
    """
    fleet = compiled.fleet
    if len(fleet) <= MIN_HOSTS or not _applies(compiled):
        return fleet
    rows = np.array(sorted(fleet.rows.values()), dtype=np.int64)
    kept = _kept_hosts(compiled, rows)
    if kept is None or kept.sum() > MAX_KEPT_SHARE * len(rows):
        return fleet
    hosts = tuple(fleet.index[fleet.names[row]] for row in rows[kept].tolist())
    pools = fleet.index.pools.pools
    return compile_fleet(
        Fleet.model_construct(levels=fleet.levels, hosts=hosts, links=fleet.links, pools=pools)
    )


def _applies(compiled: CompiledProblem) -> bool:
    """Return whether policies look at eligibility and domains alone."""
    rules = rules_of(compiled.problem).all
    # Which links leave a domain, and how far hosts are from each other, depends on all hosts.
    if any(loads_links(rule.policy) or needs_links(rule.policy) for rule in rules):
        return False
    if not _rule_levels(compiled) <= set(compiled.fleet.levels):
        return False
    equivalences = [
        host_equivalence(rule.policy, rule.group, compiled, own)
        for rule in rules
        for own in (True, False)
    ]
    return not any(one.pinned or one.looks_at_room for one in equivalences)


def _rule_levels(compiled: CompiledProblem) -> set[str]:
    """Return the levels above host at which some rule speaks."""
    levels = (rule.policy.at for rule in rules_of(compiled.problem).all)
    return {level for level in levels if level is not None and level != HOST}


def _kept_hosts(compiled: CompiledProblem, rows: Ints) -> Mask | None:
    """(R,) bool: the rows that are kept; None where all must be."""
    fleet = compiled.fleet
    rules = rules_of(compiled.problem).all
    rule_levels = _rule_levels(compiled)
    # The finest level first: the one with the most domains.
    levels = sorted(
        (level for level in fleet.levels if level in rule_levels),
        key=lambda level: -fleet.domains(level),
    )
    finest = _finest_domains(fleet, levels, rows)
    if finest is None:
        return None
    # Levels of which a domain more or less changes what a rule says, used or not.
    skewed = {
        rule.policy.at
        for rule in rules
        if _needs_all_domains(host_equivalence(rule.policy, rule.group, compiled, own=True))
    }
    if HOST in skewed:
        return None
    enough = len(compiled.problem.new_members)
    running_rows = [fleet.rows[running.host] for running in compiled.problem.running_members]
    has_running = np.isin(rows, running_rows)
    others_count = any(counts_all_groups(rule.policy) for rule in rules)
    # A host with running members is no stand-in for one that is empty.
    marks = [has_running, *(fleet.codes(level)[rows] < 0 for level in levels)]
    kinds = _host_kinds(compiled, rows, others_count, marks)
    kept: Mask = has_running | (_rank_in_kind(finest, kinds) < enough)
    if levels and levels[0] not in skewed:
        coarser = [fleet.codes(level)[rows] for level in levels[1:]]
        in_kept_domain = _in_kept_domain(
            finest, kinds, coarser, has_running, enough, exact=others_count
        )
        kept &= has_running | in_kept_domain
    return kept


def _needs_all_domains(equivalence: HostEquivalence) -> bool:
    return equivalence.counts_empty_domains or equivalence.names_domains


def _finest_domains(fleet: CompiledFleet, levels: list[str], rows: Ints) -> Ints | None:
    """(R,) int64: the finest domain of each row, or None where levels cross each other.

    A host in no domain is a domain of its own. Levels cross where one domain of the finer level
    has hosts in two domains of the coarser.
    """
    if not levels:
        return np.zeros(len(rows), dtype=np.int64)
    finest = fleet.codes(levels[0])[rows]
    finest = np.where(finest < 0, fleet.domains(levels[0]) + np.arange(len(rows)), finest)
    below = finest
    for level in levels[1:]:
        codes = fleet.codes(level)[rows]
        domains = fleet.domains(level)
        pairs = np.unique(below * (domains + 1) + codes + 1)
        if len(np.unique(below)) < len(pairs):
            return None
        below = np.where(codes < 0, domains + below, codes)
    return finest


def _host_kinds(
    compiled: CompiledProblem, rows: Ints, others_count: bool, marks: list[Mask]
) -> Ints:
    """(R,) int64: the kind of each row.

    Hosts of one kind are open to the same member classes and count for the same policies. Where a
    policy counts members of all groups, hosts with used capacity are of another kind. So are hosts
    with other marks, each (R,) bool: a host in no domain of a level is bound by fewer policies.
    """
    fleet = compiled.fleet
    marks = [*marks, fleet.enabled[rows]]
    if others_count:
        marks.append(fleet.busy[rows])
    groups = [member_class.group for member_class in compiled.member_classes]
    groups += [rule.group for rule in rules_of(compiled.problem).all]
    for group in dict.fromkeys(groups):
        marks += [suited(compiled, group)[rows], open_hosts(compiled, group)[rows]]
    kinds = np.zeros(len(rows), dtype=np.int64)
    for mark in marks:
        # Renumbered each time, so that the label never outgrows the number of rows.
        kinds = np.unique(2 * kinds + mark, return_inverse=True)[1]
    return kinds


def _rank_in_kind(domains: Ints, kinds: Ints) -> Ints:
    """(R,) int64: the position of each row among those of its kind in its domain."""
    return ranks_in_class(class_labels([domains, kinds], len(domains)))


def _in_kept_domain(
    finest: Ints, kinds: Ints, coarser: list[Ints], has_running: Mask, enough: int, *, exact: bool
) -> Mask:
    """(R,) bool: the rows whose finest domain is kept.

    Parameters
    ----------
    finest, kinds : (R,) int64
    coarser : list of (R,) int64
        Domains of the coarser levels.
    has_running : (R,) bool
    enough : int
        How many domains stand for one that is dropped, T.
    exact : bool
        Whether a domain may stand only for one with the same number of hosts of each kind.
    """
    domain = np.unique(finest, return_inverse=True)[1]
    number = int(domain.max(initial=-1)) + 1
    host_counts = np.zeros((number, int(kinds.max(initial=-1)) + 1), dtype=np.int64)
    np.add.at(host_counts, (domain, kinds), 1)
    host_counts = np.minimum(host_counts, enough)
    # The first row of each domain says where the domain is: written last, it stays.
    first_row = np.zeros(number, dtype=np.int64)
    first_row[domain[::-1]] = np.arange(len(domain))[::-1]
    above = np.array([codes[first_row] for codes in coarser]).reshape(len(coarser), number).T
    domain_has_running = np.zeros(number, dtype=np.bool_)
    domain_has_running[domain[has_running]] = True
    kept = domain_has_running.copy()
    for place in dict.fromkeys(map(tuple, above.tolist())):
        same_place = (above == np.array(place, dtype=above.dtype)).all(axis=1)
        domains_here = np.flatnonzero(same_place & ~domain_has_running)
        kept[_representatives(host_counts, domains_here, enough, exact)] = True
    mask: Mask = kept[domain]
    return mask


def _representatives(host_counts: Ints, domains: Ints, enough: int, exact: bool) -> list[int]:
    """Return the domains that stand for all of some, the largest first."""
    by_size = np.argsort(-host_counts[domains].sum(axis=1), kind="stable")
    chosen: list[int] = []
    for one in domains[by_size].tolist():
        others = host_counts[chosen]
        if exact:
            replaces = (others == host_counts[one]).all(axis=1)
        else:
            replaces = (others >= host_counts[one]).all(axis=1)
        if int(replaces.sum()) < enough:
            chosen.append(one)
    return chosen
