"""Build a fleet and an application from typed values; place it, check and explain the answer.

Two databases are in different racks, and three web servers each in a rack with a database. The
policy that keeps web servers apart is soft: each one that shares its host with another costs 1 unit
of weight.
"""

from groupsolver import (
    AntiAffinity,
    Application,
    Flavor,
    Fleet,
    Group,
    Host,
    Inventory,
    Limits,
    Members,
    Near,
    check,
    solve,
    why,
)

hosts = tuple(
    Host(
        name=f"{rack}-{number}",
        domains={"rack": rack},
        inventory={"VCPU": Inventory(total=16), "MEMORY_MB": Inventory(total=65536, reserved=1024)},
        used={"VCPU": 4 * number},
    )
    for rack in ("r1", "r2", "r3")
    for number in (1, 2, 3)
)
fleet = Fleet(levels=("rack",), hosts=hosts)

database = Group(
    name="database",
    policies=(AntiAffinity(level="rack"),),
    members=(Members(flavor="large", count=2),),
)
web = Group(
    name="web",
    policies=(Near(group="database", level="rack"), AntiAffinity(weight=1)),
    members=(Members(flavor="small", count=3),),
)
app = Application(
    name="shop",
    flavors={
        "large": Flavor(resources={"VCPU": 8, "MEMORY_MB": 16384}),
        "small": Flavor(resources={"VCPU": 2, "MEMORY_MB": 4096}),
    },
    groups=(database, web),
)

result = solve(app, fleet, objective="pack", limits=Limits(seconds=10, workers=1))
assert result.placement is not None, result.status
print(f"{result.status}: objective {result.objective}, bound {result.bound}")
for line in why(app, fleet, result.placement):
    print(f"{line.member} on {line.host}: {'; '.join(line.rules)}")

assert check(app, fleet, result.placement).violations == ()
