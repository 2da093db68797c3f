"""A fleet from a file, an application built from typed values, and the placement: five lines."""

from groupsolver import AntiAffinity, Application, Group, Members, load_fleet, solve

fleet = load_fleet("examples/fleet.yaml")
web = Group(
    name="web",
    policies=(AntiAffinity(level="rack"),),
    members=(Members(count=3, resources={"VCPU": 8}),),
)
result = solve(Application(groups=(web,)), fleet)
print(result.status, result.placement)
