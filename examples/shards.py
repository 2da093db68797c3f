"""Place replicas of shards.

Each shard is in one rack, a replica's shards are in one zone, and no power feed serves two
replicas.
"""

from groupsolver import (
    Affinity,
    AntiAffinity,
    Application,
    Fleet,
    Group,
    Host,
    Inventory,
    Members,
    solve,
)

members = (Members(count=4, resources={"VCPU": 2}),)
shards = {r: [f"r{r}s{s}" for s in range(2)] for r in range(3)}
in_rack = (Affinity(level="rack"),)
in_zone = (Affinity(level="zone"),)
apart = (AntiAffinity(level="power_feed", between="children"),)
groups = [
    Group(name=name, policies=in_rack, members=members)
    for names in shards.values()
    for name in names
]
groups += [
    Group(name=f"r{r}", policies=in_zone, groups=tuple(names)) for r, names in shards.items()
]
groups += [Group(name="database", policies=apart, groups=("r0", "r1", "r2"))]
app = Application(groups=tuple(groups))

# Two zones of four racks of four hosts; in each rack, two feeds serve every other host.
hosts = [
    Host(
        name=f"{zone}-{rack}-{i}",
        inventory={"VCPU": Inventory(total=4)},
        domains={"zone": zone, "rack": f"{zone}-{rack}", "power_feed": f"{zone}-{'AB'[i % 2]}"},
    )
    for zone in ("z1", "z2")
    for rack in range(4)
    for i in range(4)
]
fleet = Fleet(levels=("zone", "rack", "power_feed"), hosts=tuple(hosts))

result = solve(app, fleet)
placement = result.placement or {}
at = {host.name: host.domains for host in hosts}
print(result.status)
for r in range(3):
    here = [at[host] for member, host in placement.items() if member.startswith(f"r{r}s")]
    print(f"r{r}: zones {len({d['zone'] for d in here})}, racks {len({d['rack'] for d in here})}")
