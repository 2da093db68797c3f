"""A small scheduler: requests over one cluster, from threads and from asyncio; why some wait."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from groupsolver import (
    AntiAffinity,
    Application,
    BadInput,
    BatchResult,
    Cluster,
    Group,
    Host,
    Limits,
    Members,
    Progress,
    Result,
    explain,
    load_fleet,
)

log = logging.getLogger("scheduler")
LIMITS = Limits(seconds=5, gap=0.02, workers=1)


@dataclass
class Scheduler:
    """What runs, and the applications that found no place yet."""

    cluster: Cluster
    waiting: dict[str, Application] = field(default_factory=dict[str, Application])

    def place(self, name: str, app: Application) -> Result:
        """Place an application, or say why it waits."""
        result = self.cluster.place(name, app, limits=LIMITS, progress=self.watch)
        if result.placement is None:
            self.waiting[name] = app
            for sentence in self.reasons(name, app, result):
                log.info("%s waits: %s", name, sentence)
        else:
            hosts = sorted(set(result.placement.values()))
            log.info("%s: %s on %s", name, result.status, ", ".join(hosts))
        return result

    def reasons(self, name: str, app: Application, result: Result) -> Iterator[str]:
        """Yield the rules in the way, and the cheapest change that would help."""
        if result.conflict is None:
            yield result.status
            return
        for rule in result.conflict.policies:
            yield rule.sentence
        for shortage in result.conflict.capacity:
            yield shortage.sentence
        why = explain(app, self.cluster, limits=LIMITS)
        if why.conflict is not None and why.conflict.fixes:
            fix = min(why.conflict.fixes, key=lambda fix: fix.cost)
            yield f"{fix.change} (cost {fix.cost})"

    def retry(self) -> BatchResult:
        """Place what waits, as far as it fits by now."""
        batch = self.cluster.place_many(self.waiting, partial=True, limits=LIMITS)
        for entry in batch.applications:
            if entry.placed:
                del self.waiting[entry.name]
            else:
                log.info("%s waits on: %s", entry.name, entry.reason)
        return batch

    def lose(self, host: str) -> None:
        """Take note that a host is gone, with the members on it."""
        gone = {member.application for member in self.cluster.lose_host(host)}
        apps = self.cluster.applications
        log.info("lost %s, with members of %s", host, sorted(gone & apps.keys()))

    @staticmethod
    def watch(progress: Progress) -> bool:
        """Stop a solve at a gap of 1 %."""
        return progress.gap is not None and progress.gap < 0.01


def job(name: str, count: int, vcpu: int) -> Application:
    members = [Members(count=count, resources={"VCPU": vcpu})]
    return Application(groups=[Group(name=name, policies=[AntiAffinity()], members=members)])


async def many(scheduler: Scheduler) -> list[str]:
    cluster = scheduler.cluster
    tasks = [asyncio.create_task(cluster.place_async(f"a{i}", job("w", 2, 1))) for i in range(3)]
    late = asyncio.create_task(cluster.place_async("late", job("w", 2, 1)))
    late.cancel()
    results = await asyncio.gather(*tasks)
    try:
        await late
    except asyncio.CancelledError:
        log.info("late was cancelled; it runs: %s", "late" in cluster.applications)
    return [result.status for result in results]


def main(fleet: Path, file: Path) -> list[str]:
    """Place, lose, remove, save and load; return the answers of the placements at once."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    cluster = Cluster(load_fleet(fleet))
    scheduler = Scheduler(cluster)
    scheduler.place("web", job("front", 3, 2))
    scheduler.place("huge", job("huge", 2, 10_000))

    def one(number: int) -> str:
        return scheduler.place(f"t{number}", job("t", 2, 1)).status

    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(one, range(4)))
    log.info("threads: %s", statuses)
    statuses += asyncio.run(many(scheduler))
    log.info("async: %s", statuses)
    cluster.update_host(Host(name="new", inventory={"VCPU": 64}))
    batch = scheduler.retry()
    log.info("batch: %s %d of %d", batch.status, batch.value, batch.value_bound)
    scheduler.lose(next(iter(cluster.members())).host)
    cluster.remove("t0")
    try:
        cluster.remove("t0")
    except BadInput as error:
        log.info("%s", error)
    except KeyError as error:
        log.info("unknown: %s", error)
    for rack, usage in cluster.usage("rack").items():
        log.info("%s: %d members, free %s", rack, usage.members, usage.free)
        break
    cluster.save(file)
    again = Cluster.load(file)
    log.info("as many again: %d", len(again.applications))
    return statuses


if __name__ == "__main__":
    here = Path(__file__).parent
    with TemporaryDirectory() as folder:
        print(main(here / "fleet.yaml", Path(folder) / "running.cluster.json"))
