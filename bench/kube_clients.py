"""Kubernetes clients for Python, side by side: CPU, memory and requests a second.

Needs a Python that has all of them:

    uv venv /tmp/clients && uv pip install -p /tmp/clients/bin/python aiohttp msgspec pyyaml lightkube kr8s kubernetes
    PYTHONPATH=src python -m bench.kube_clients --python /tmp/clients/bin/python

Each client, in a process of its own, asks a local HTTPS server with canned answers (kube_canned.py), several times; the
medians are printed. The CPU seconds are the client's own: they hardly depend on what else the machine does.
"""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

NAMESPACE = "bench"
AT_ONCE = 32
CLIENTS = ("shoal", "shoal-aiohttp", "shoal-gzip", "shoal-dicts", "lightkube", "kubernetes.aio", "kr8s")
Doing = Callable[[], Awaitable[Any]]


def configmap(name: str) -> dict[str, Any]:
    """A small object to create."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": "value"}}


def rss_mb(field: str = "VmRSS") -> float:
    """Resident memory of this process now; at its highest with VmHWM."""
    with Path("/proc/self/status").open() as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024


async def timed(doing: Doing) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    await doing()
    return time.perf_counter() - wall, time.process_time() - cpu


async def side_by_side(one: Callable[[int], Awaitable[Any]], count: int) -> None:
    """``one`` for each number below ``count``, AT_ONCE at a time."""
    numbers = iter(range(count))

    async def lane() -> None:
        for number in numbers:
            await one(number)

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))


class Shoal:
    """msgspec, decoding only the fields that the operator keeps, or into plain dicts; over aiohttp, or without it."""

    def __init__(self, *, direct: bool, gzip: bool = False, dicts: bool = False) -> None:
        from shoal.backends.kubernetes import resources
        from shoal.backends.kubernetes.client import Client, Ignored
        from shoal.backends.kubernetes.kubeconfig import access
        from shoal.world.kubernetes import Pod

        self.transport: Any
        if direct:
            from shoal.backends.kubernetes.direct import DirectTransport

            self.transport = DirectTransport(access(), connections=AT_ONCE)
        else:
            from shoal.backends.kubernetes import http

            self.transport = http.HttpTransport(access(), connections=AT_ONCE)
        if gzip:
            common = http._common_headers

            def zipped(access_: Any) -> Any:
                headers = common(access_)
                headers["Accept-Encoding"] = "gzip"
                return headers

            vars(http)["_common_headers"] = zipped
        self.resources, self.ignored = resources, Ignored
        self.type: Any = dict if dicts else Pod
        self.client = Client(self.transport)
        self.gzip = gzip

    async def open(self) -> None:
        if self.gzip:
            session = await self.transport._connected(await self.transport._source.get())
            session._auto_decompress = True

    async def create(self, number: int) -> None:
        body = configmap(f"made-{number}")
        await self.client.create(self.resources.CONFIGMAPS, NAMESPACE, body, self.ignored)

    async def get(self, number: int) -> None:
        await self.client.get(self.resources.PODS, NAMESPACE, f"pod-{number}", self.type)

    async def watch(self, count: int) -> None:
        async with aclosing(self.client.watch(self.resources.PODS, self.type, "0", namespace=NAMESPACE)) as events:
            async for _ in events:
                count -= 1
                if not count:
                    return

    async def list(self) -> Any:
        return (await self.client.list(self.resources.PODS, self.type, namespace=NAMESPACE)).items

    async def close(self) -> None:
        await self.transport.close()


class Lightkube:
    def __init__(self) -> None:
        core = import_module("lightkube.resources.core_v1")
        self.client, self.configmap, self.pod = import_module("lightkube").AsyncClient(), core.ConfigMap, core.Pod

    async def open(self) -> None:
        pass

    async def create(self, number: int) -> None:
        await self.client.create(self.configmap.from_dict(configmap(f"made-{number}")), namespace=NAMESPACE)

    async def get(self, number: int) -> None:
        await self.client.get(self.pod, f"pod-{number}", namespace=NAMESPACE)

    async def watch(self, count: int) -> None:
        async with aclosing(self.client.watch(self.pod, namespace=NAMESPACE, resource_version="0")) as events:
            async for _ in events:
                count -= 1
                if not count:
                    return

    async def list(self) -> Any:
        return [pod async for pod in self.client.list(self.pod, namespace=NAMESPACE, chunk_size=500)]

    async def close(self) -> None:
        await self.client.close()


class KubernetesAio:
    def __init__(self) -> None:
        self.library = import_module("kubernetes.aio.client")
        self.config = import_module("kubernetes.aio.config")
        self.watching = import_module("kubernetes.aio.watch")

    async def open(self) -> None:
        await self.config.load_kube_config()
        self.api_client = self.library.ApiClient()
        self.api = self.library.CoreV1Api(self.api_client)

    async def create(self, number: int) -> None:
        await self.api.create_namespaced_config_map(NAMESPACE, configmap(f"made-{number}"))

    async def get(self, number: int) -> None:
        await self.api.read_namespaced_pod(f"pod-{number}", NAMESPACE)

    async def watch(self, count: int) -> None:
        async with self.watching.Watch().stream(
            self.api.list_namespaced_pod, NAMESPACE, resource_version="0", _request_timeout=300
        ) as events:
            async for _ in events:
                count -= 1
                if not count:
                    return

    async def list(self) -> Any:
        items, go_on = [], None
        while True:
            page = await self.api.list_namespaced_pod(NAMESPACE, limit=500, _continue=go_on)
            items += page.items
            go_on = page.metadata._continue
            if not go_on:
                return items

    async def close(self) -> None:
        await self.api_client.close()


class Kr8s:
    def __init__(self) -> None:
        self.library, self.objects = import_module("kr8s.asyncio"), import_module("kr8s.asyncio.objects")

    async def open(self) -> None:
        self.api = await self.library.api(namespace=NAMESPACE)

    async def create(self, number: int) -> None:
        made = await self.objects.ConfigMap(configmap(f"made-{number}"), namespace=NAMESPACE, api=self.api)
        await made.create()

    async def get(self, number: int) -> None:
        await self.objects.Pod.get(f"pod-{number}", namespace=NAMESPACE, api=self.api)

    async def watch(self, count: int) -> None:
        async with aclosing(self.api.watch("pods", namespace=NAMESPACE)) as events:
            async for _ in events:
                count -= 1
                if not count:
                    return

    async def list(self) -> Any:
        return [pod async for pod in self.api.get("pods", namespace=NAMESPACE)]

    async def close(self) -> None:
        pass


def opened(name: str) -> Any:
    """A client by its name in the table."""
    if name.startswith("shoal"):
        return Shoal(direct=name in ("shoal", "shoal-dicts"), gzip=name.endswith("gzip"), dicts=name.endswith("dicts"))
    return {"lightkube": Lightkube, "kubernetes.aio": KubernetesAio, "kr8s": Kr8s}[name]()


async def measured(name: str, pods: int, requests: int) -> dict[str, float]:
    """One client, all figures. Memory is that of listing, so that comes first."""
    client = opened(name)
    imported = rss_mb()
    await client.open()
    kept: list[Any] = []

    async def listing() -> None:
        kept.extend(await client.list())

    _, list_cpu = await timed(listing)
    if len(kept) != pods:
        raise SystemExit(f"{name} listed {len(kept)} of {pods} pods")
    cached, peak = rss_mb(), rss_mb("VmHWM")
    kept.clear()
    watch_wall, watch_cpu = await timed(lambda: client.watch(pods))
    get_wall, get_cpu = await timed(lambda: side_by_side(lambda number: client.get(number % pods), requests))
    create_wall, create_cpu = await timed(lambda: side_by_side(client.create, requests))
    await client.close()
    return {
        "import MB": imported,
        "cached MB": cached,
        "peak MB": peak,
        "list us/pod": list_cpu / pods * 1e6,
        "watch us/event": watch_cpu / pods * 1e6,
        "watch events/s": pods / watch_wall,
        "get us": get_cpu / requests * 1e6,
        "get/s": requests / get_wall,
        "create us": create_cpu / requests * 1e6,
        "create/s": requests / create_wall,
    }


@contextmanager
def canned(pods: int) -> Iterator[str]:
    """A server in a process of its own; the path of its kubeconfig."""
    with TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.executable, "-m", "bench.kube_canned", folder, str(pods)])
        try:
            kubeconfig = Path(folder) / "kubeconfig"
            while not kubeconfig.exists() and server.poll() is None:
                time.sleep(0.05)
            yield str(kubeconfig)
        finally:
            server.terminate()
            server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="one that has the libraries")
    parser.add_argument("--pods", type=int, default=4000)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--clients", default=",".join(CLIENTS))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        figures = asyncio.run(measured(arguments.one, arguments.pods, arguments.requests))
        print(json.dumps({**figures, "CPU s": sum(resource.getrusage(resource.RUSAGE_SELF)[:2])}))
        return
    with canned(arguments.pods) as kubeconfig:
        rows = {name: medians(name, arguments, kubeconfig) for name in arguments.clients.split(",")}
    titles = list(next(iter(rows.values())))
    print("|  |", " | ".join(titles), "|")
    print("|---" * (len(titles) + 1) + "|")
    for name, row in rows.items():
        print(f"| {name} |", " | ".join(f"{row[title]:.0f}" for title in titles), "|")


def medians(name: str, arguments: argparse.Namespace, kubeconfig: str) -> dict[str, float]:
    """One row of the table."""
    command = [arguments.python, "-m", "bench.kube_clients", "--one", name]
    command += ["--pods", str(arguments.pods), "--requests", str(arguments.requests)]
    runs = []
    for _ in range(arguments.runs):
        environment = {**os.environ, "KUBECONFIG": kubeconfig}
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
        runs.append(json.loads(ended.stdout))
        print(name, {key: round(value) for key, value in runs[-1].items()}, file=sys.stderr)
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


if __name__ == "__main__":
    main()
