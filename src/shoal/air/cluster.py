"""Where the work runs: the Ray that this process is connected to, or that RAY_ADDRESS names, or one of its own."""

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from shoal.air.errors import ClusterUnfit, SettingInvalid
from shoal.air.packages import require
from shoal.air.progress import level_of_ray, say, settle_ray
from shoal.air.scaling import Scaling, expect_scaling

KNOCK_S = 10.0
ROOM_S = 30.0
"""What just ended gives back its CPUs after a moment; what is served, not at all."""
LOOK_AGAIN_S = 0.2


def connect() -> Any:
    """The module ``ray``, connected. Nothing is said in the script of where: Ray's own rules hold.

    Raises:
        ClusterUnfit: the Ray that RAY_ADDRESS names doesn't answer, or is another than the one installed here.
    """
    require(("ray",))
    import ray

    if ray.is_initialized():
        settle_ray()
    else:
        address = os.environ.get("RAY_ADDRESS", "")
        try:
            _knock(address)
            ray.init(log_to_driver=False, logging_level=level_of_ray())
        except (OSError, RuntimeError, ValueError, ray.exceptions.AuthenticationError) as error:
            said = " ".join(str(error).split()).rstrip(".")
            raise ClusterUnfit(
                f"Ray can't be used: {said}",
                where=f"RAY_ADDRESS={address}" if address else "",
                next_step="see that it runs, as by `shoal status`" if isinstance(error, OSError) else "",
            ) from error
        settle_ray()
        say(f"Ray is up with {ray.cluster_resources().get('CPU', 0):g} CPUs")
    return ray


def _knock(address: str) -> None:
    """Find out at once that nothing is at ``HOST:PORT`` or ``ray://HOST:PORT``; Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()


def is_client() -> bool:
    """Whether this process is a Ray Client (``ray://``), and so on no node of the cluster."""
    from ray.util.client import ray as client

    return bool(client.is_connected())


def on_cluster(function: Callable[..., Any], *given: Any) -> Any:
    """What ``function(*given)`` gives: called here or, by a Ray Client, in a task.

    It is for what needs a process on a node: Ray Data and Ray Train work in no client.
    """
    ray = connect()
    if not is_client():
        return function(*given)
    try:
        return ray.get(ray.remote(num_cpus=0)(_call).remote(function, given))
    except ray.exceptions.RayTaskError as error:
        raise (error.cause or error) from None


def _call(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    return function(*given)


def every_node_sees(paths: Sequence[str]) -> bool:
    """Whether these files are on every node of the cluster, as on a disk that they share."""
    ray = connect()
    nodes = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    if len(nodes) == 1 and not is_client():
        return True
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look = ray.remote(num_cpus=0)(_all_exist)
    on = [look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False)) for node in nodes]
    return all(ray.get([task.remote(list(paths)) for task in on]))


def _all_exist(paths: list[str]) -> bool:
    from pathlib import Path

    return all(Path(path).exists() for path in paths)


def least_memory() -> int:
    """Bytes that Ray has for tasks and actors on the node that has least of it."""
    return min(int(node["Resources"].get("memory", 0)) for node in connect().nodes() if node["Alive"])


def resources(scaling: Scaling) -> dict[str, float]:
    """What each worker asks Ray for, by resource.

    Raises:
        SettingInvalid: no node, or not all of them together, could ever give that.
    """
    expect_scaling(scaling)
    scaling.check()
    nodes = [node["Resources"] for node in connect().nodes() if node["Alive"]]
    largest = max(node.get("CPU", 0) for node in nodes)
    cpus = scaling.cpus_per_worker or (largest if scaling.workers == 1 else 1)
    wanted = {"CPU": cpus, **({"GPU": 1} if scaling.use_gpu else {}), **(scaling.resources_per_worker or {})}
    room = sum(_fitting(node, wanted) for node in nodes)
    if room < scaling.workers:
        workers = "one worker" if scaling.workers == 1 else f"{scaling.workers} workers"
        raise SettingInvalid(
            f"there is no room for {workers} of {_in_words(wanted)}: this cluster holds {room or 'none'}",
            next_step="ask for fewer or smaller workers (air.Scaling), or connect to a larger cluster (RAY_ADDRESS)",
        )
    return wanted


def wait_for_room(wanted: Mapping[str, float], what: str) -> None:
    """Return once so much is free on the cluster. Ray itself would wait for ever, and say nothing.

    what: that is to run there, in words.

    Raises:
        ClusterUnfit: something else, as a served model, holds on to it.
    """
    ray = connect()
    ends = time.monotonic() + ROOM_S
    while _fitting(ray.available_resources(), wanted) < 1:
        asked = _in_words(wanted)
        if time.monotonic() > ends:
            step = "`ray status` tells who has it: air.undeploy what need not be served, or take a larger cluster"
            raise ClusterUnfit(f"there is no room for {what}: {asked} was not free for {ROOM_S:g} s", next_step=step)
        say(f"waiting for {asked} to be free")
        time.sleep(LOOK_AGAIN_S)


def with_free_cpus(wanted: Mapping[str, float]) -> dict[str, float] | None:
    """``wanted`` with those CPUs that are free, where a task waits for more of them than are: others hold the rest.

    None where it has begun, or none is free, or where Ray tells no driver: what is free on each of several nodes.
    """
    alone = sum(node["Alive"] for node in connect().nodes()) == 1
    waits = _held(wanted).get("CPU", 0) < wanted["CPU"]
    free = int(connect().available_resources().get("CPU", 0))
    return {**wanted, "CPU": free} if alone and waits and 1 <= free < wanted["CPU"] else None


def say_if_waiting(wanted: Mapping[str, float]) -> None:
    """Say so where more is free than could be while a task with ``wanted`` runs: it hasn't begun, and Ray is silent."""
    held = _held(wanted)
    if any(amount < wanted[name] for name, amount in held.items()):
        say(
            f"training waits for {_in_words(wanted)} on one node, and others hold {_in_words(held)}: "
            "`ray status` tells who. air.Scaling(cpus_per_worker=1) asks for less, air.undeploy frees what is served"
        )


def _held(wanted: Mapping[str, float]) -> dict[str, float]:
    """How much of each resource that is wanted is held, by whomever: while a task waits, less of one than it wants."""
    ray = connect()
    total, free = ray.cluster_resources(), ray.available_resources()
    return {name: total.get(name, 0) - free.get(name, 0) for name, amount in wanted.items() if amount}


def _in_words(wanted: Mapping[str, float]) -> str:
    return ", ".join(f"{amount:g} {name}" for name, amount in wanted.items())


def _fitting(node: Mapping[str, float], wanted: Mapping[str, float]) -> int:
    return int(min(node.get(name, 0) // amount for name, amount in wanted.items() if amount))
