"""Served models under load: shoal.air's, and a deployment of Ray Serve's written by hand for the same model."""

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ray import serve
from starlette.requests import Request

from bench.air import pipelines
from shoal.air.served import AT_ONCE

ASKED_ONE_BY_ONE = 300
CONNECTIONS = 32
URL = "http://127.0.0.1:8000"
LOAD_S = 5.0
RUNS = 3


def serving(path: str) -> list[str]:
    """One row a request: one after the other, and by many connections at once."""
    from shoal import air

    train, valid = air.read_parquet(path).train_test_split(0.3, seed=0)
    checkpoint = pipelines.trainer(train, valid).fit().checkpoint
    scaled = train.to_pandas()[pipelines.SCALED]
    row = valid.to_pandas().drop(columns="target").iloc[0].to_dict()
    given = checkpoint.model, scaled.mean(), scaled.std(ddof=0)
    plain = serve.deployment(Plain).bind(*given)
    roomy = serve.deployment(max_ongoing_requests=AT_ONCE)(Plain).bind(*given)
    echo = serve.deployment(max_ongoing_requests=AT_ONCE)(Echo).bind()
    sides: dict[str, Callable[[str], object]] = {
        "echo, the ceiling": lambda name: serve.run(echo, name=name, route_prefix=f"/{name}"),
        "shoal.air, one by one": lambda name: air.deploy(checkpoint, name=name, batch_rows=1).wait(),
        "shoal.air, batched": lambda name: air.deploy(checkpoint, name=name).wait(),
        f"@serve.deployment({AT_ONCE})": lambda name: serve.run(roomy, name=name, route_prefix=f"/{name}"),
        "@serve.deployment": lambda name: serve.run(plain, name=name, route_prefix=f"/{name}"),
    }
    waits: dict[str, list[float]] = {name: [] for name in sides}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for run in range(RUNS):
        for number, (name, deploy) in enumerate(sides.items()):
            served_as = f"model-{run}-{number}"  # Serve hears late of what was deleted under a name
            deploy(served_as)
            time.sleep(1)
            waits[name].append(latency_s(f"{URL}/{served_as}", row))
            rates[name].append(requests_a_second(f"{URL}/{served_as}", row))
            serve.delete(served_as)
    serve.shutdown()
    wait = {name: statistics.median(taken) for name, taken in waits.items()}
    rate = {name: statistics.median(taken) for name, taken in rates.items()}
    echo_s, single, batched, roomy_s, by_hand = sides
    return [
        f"served, a row a request, rate by {CONNECTIONS} connections; medians of {RUNS}; the bars: 0.95, batched 3",
        *(f"{name:24s} p50 {wait[name] * 1000:6.2f} ms   {rate[name]:7.1f} requests a second" for name in sides),
        f"p50: {wait[by_hand] / wait[single]:.2f} of the plain speed, batched {wait[by_hand] / wait[batched]:.2f}",
        f"rate: {rate[single] / rate[by_hand]:.2f} of the plain one's, batched {rate[batched] / rate[by_hand]:.2f}",
        f"rate, of a plain one's that takes in as many at once: batched {rate[batched] / rate[roomy_s]:.2f}, and an "
        f"echo {rate[echo_s] / rate[roomy_s]:.2f}: more Ray Serve's HTTP has not got here",
    ]


class Echo:
    """Answers without a look at what is asked: what Ray Serve's HTTP costs by itself."""

    async def __call__(self, request: Request) -> dict[str, list[float]]:
        """One request."""
        await request.body()
        return {"predictions": [0.0]}


class Plain:
    """What the documentation of Ray Serve leads to: rows of JSON in, predictions out, nothing checked."""

    def __init__(self, booster: Any, mean: Any, spread: Any) -> None:
        self.booster = booster
        self.mean = mean
        self.spread = spread

    async def __call__(self, request: Request) -> dict[str, list[float]]:
        """One request."""
        import pandas as pd
        import xgboost

        frame = pd.DataFrame(await request.json())[self.booster.feature_names]
        frame[pipelines.SCALED] = (frame[pipelines.SCALED] - self.mean) / self.spread
        return {"predictions": self.booster.predict(xgboost.DMatrix(frame)).tolist()}


def latency_s(url: str, row: dict[str, Any]) -> float:
    """The median time of requests for a row, one after the other."""

    async def measure() -> list[float]:
        taken: list[float] = []
        await _ask(url, row, lambda: len(taken) < ASKED_ONE_BY_ONE, taken)
        return taken

    return statistics.median(asyncio.run(measure()))


def requests_a_second(url: str, row: dict[str, Any]) -> float:
    """Of requests for a row, by many connections at once."""

    async def measure() -> int:
        taken: list[float] = []
        end = time.perf_counter() + LOAD_S
        going_on = [_ask(url, row, lambda: time.perf_counter() < end, taken) for _ in range(CONNECTIONS)]
        await asyncio.gather(*going_on)
        return len(taken)

    return asyncio.run(measure()) / LOAD_S


async def _ask(url: str, row: dict[str, Any], goes_on: Any, taken: list[float]) -> None:
    """Ask over one connection, and note how long each answer takes. A client that costs next to nothing itself."""
    where = urlsplit(url)
    body = json.dumps([row]).encode()
    head = f"POST {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
    asked = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    while goes_on():
        began = time.perf_counter()
        writer.write(asked)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b"transfer-encoding: chunked" in answer:
            told = await reader.readuntil(b"\r\n0\r\n\r\n")
        else:
            told = await reader.readexactly(int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        assert answer.startswith(b"http/1.1 200"), told
        taken.append(time.perf_counter() - began)
    writer.close()
