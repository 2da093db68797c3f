"""Show the progress of a solve through the callback, which would stop it by returning True."""

from groupsolver import Limits, Progress, load_application, load_fleet, solve


def watch(progress: Progress) -> bool:
    gap = "-" if progress.gap is None else f"{progress.gap:.1%}"
    print(f"{progress.phase}: incumbent {progress.incumbent}, bound {progress.bound}, gap {gap}")
    return progress.elapsed > 5 and progress.gap is not None and progress.gap < 0.01


result = solve(
    load_application("examples/shop.yaml"),
    load_fleet("examples/fleet.yaml"),
    limits=Limits(seconds=30, workers=1),
    progress=watch,
)
print(result.status, result.objective)
