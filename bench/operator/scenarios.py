"""What is measured of the operator, each as lines for people."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.operator.clusters import Clusters, raycluster
from bench.operator.measured import OperatorProcess
from bench.operator.objects_alone import Recorded, alone, recorded

Start = Callable[[], OperatorProcess]

WORKERS = 3
PODS = WORKERS + 1
SETTLE_S = 5.0
PATIENCE_S = 900.0
SETTLED_S = 60.0


async def copied(clusters: Clusters, start: Start) -> Recorded:
    """What an operator makes of one cluster."""
    await clusters.prepare()
    with start() as operator:
        operator.wait_until_synced()
        return await recorded(clusters, WORKERS)


async def many(clusters: Clusters, operators: Mapping[str, Start], one: Recorded, count: int) -> AsyncIterator[str]:
    """``count`` RayClusters at once, by each of the operators, beside as many bare pods. The last one's stay.

    one: as often as that, its objects are made without an operator, too.
    """
    await clusters.prepare()
    raw_s = await clusters.raw_pods_s(count * PODS)
    yield f"{count} clusters: as many bare pods {raw_s:.1f} s"
    await clusters.prepare()
    alone_s = await alone(clusters, one, count, WORKERS)
    yield f"  no operator: Shoal's objects, made by the bench: wall {alone_s:.1f} s, ratio {alone_s / raw_s:.2f}"
    for name, start in operators.items():
        await clusters.prepare()
        async for line in _one_operator(clusters, start, count, raw_s):
            yield f"  {name:8} {line}"


async def _one_operator(clusters: Clusters, start: Start, count: int, raw_s: float) -> AsyncIterator[str]:
    bodies = [raycluster(f"rc-{number}", WORKERS) for number in range(count)]
    with start() as operator:
        operator.wait_until_synced()
        await asyncio.sleep(SETTLE_S)
        before, mark = operator.cost(), operator.mark()
        ready = await clusters.until_ready(bodies, PATIENCE_S)
        await asyncio.sleep(SETTLE_S)
        after, requests = operator.cost(), operator.requests(mark)
    median_s, cpu_s = statistics.median(ready.took_s.values()), after.cpu_s - before.cpu_s
    leases = sum(number for name, number in requests.items() if name.endswith("leases"))
    yield (
        f"wall {ready.wall_s:.1f} s, ratio {ready.wall_s / raw_s:.2f}, CPU {cpu_s:.1f} s, peak {after.peak_mb:.0f} MB, "
        f"{(sum(requests.values()) - leases) / count:.2f} requests a cluster"
    )
    yield f"ready after {median_s:.1f} s (median), memory before {before.now_mb:.0f} MB, {_listed(requests)}"


async def restart(start: Start, quiet_s: float) -> Iterator[str]:
    """A new operator where settled clusters are: until it has listed everything, and what it writes."""
    with start() as operator:
        operator.wait_until_synced()
        await asyncio.sleep(SETTLED_S)
    with start() as operator:
        mark = operator.mark()
        synced_s = operator.wait_until_synced()
        await asyncio.sleep(30)
        soon, cost = operator.writes(mark), operator.cost()
        await asyncio.sleep(quiet_s)
        later, end = operator.writes(mark), operator.cost()
    return iter(
        (
            f"synced after {synced_s:.1f} s; {sum(soon.values())} writes in 30 s, {cost.cpu_s:.1f} s CPU, "
            f"peak {cost.peak_mb:.0f} MB",
            f"{sum(later.values())} writes in the next {quiet_s / 60:.0f} minutes, "
            f"{end.cpu_s - cost.cpu_s:.1f} s CPU {_listed(later)}".rstrip(),
        )
    )


async def beside(clusters: Clusters, start: Start, workers: int, small: int) -> Iterator[str]:
    """Small clusters alone, and again beside one big one that was asked for just before."""
    # Other names the second time: what the first ones owned is still being collected.
    first = [raycluster(f"alone-{number}", WORKERS) for number in range(small)]
    second = [raycluster(f"beside-{number}", WORKERS) for number in range(small)]
    await clusters.prepare()
    with start() as operator:
        operator.wait_until_synced()
        alone = (await clusters.until_ready(first, PATIENCE_S)).took_s
        await clusters.remove_all()
        together = (await clusters.until_ready([raycluster("big", workers), *second], PATIENCE_S)).took_s
    big_s = together.pop("big")
    delays = [late_s - early_s for late_s, early_s in zip(together.values(), alone.values(), strict=True)]
    return iter(
        (
            f"{small} small clusters alone: median {statistics.median(alone.values()):.1f} s, "
            f"slowest {max(alone.values()):.1f} s",
            f"beside one of {workers} workers: median {statistics.median(together.values()):.1f} s, "
            f"slowest {max(together.values()):.1f} s, the big one {big_s:.1f} s",
            f"delay: median {statistics.median(delays):.1f} s, longest {max(delays):.1f} s",
        )
    )


def starts(command: Sequence[str], folder: Path) -> Start:
    """How to start an operator against the lab in ``folder``."""
    return lambda: OperatorProcess(command, folder / "audit.log")


def _listed(requests: Any) -> str:
    return ", ".join(f"{count} {name}" for name, count in requests.most_common())
