"""Where the work runs: the Ray that this process is connected to, or that RAY_ADDRESS names, or one of its own."""

from typing import Any

from shoal.air.errors import SettingInvalid
from shoal.air.progress import say
from shoal.air.scaling import Scaling


def connect() -> Any:
    """The module ``ray``, connected. Nothing is said in the script of where: Ray's own rules hold."""
    import ray

    if not ray.is_initialized():
        ray.init(log_to_driver=False)
        say(f"Ray is up with {ray.cluster_resources().get('CPU', 0):g} CPUs")
    return ray


def resources(scaling: Scaling) -> dict[str, float]:
    """What each worker asks Ray for, by resource.

    Raises:
        SettingInvalid: no node, or not all of them together, could ever give that.
    """
    scaling.check()
    nodes = [node["Resources"] for node in connect().nodes() if node["Alive"]]
    largest = max(node.get("CPU", 0) for node in nodes)
    cpus = scaling.cpus_per_worker or (largest if scaling.workers == 1 else 1)
    wanted = {"CPU": cpus, **({"GPU": 1} if scaling.use_gpu else {}), **(scaling.resources_per_worker or {})}
    room = sum(_fitting(node, wanted) for node in nodes)
    if room < scaling.workers:
        asked = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items())
        raise SettingInvalid(
            f"there is no room for {scaling.workers} workers of {asked} each: this cluster holds {room}",
            next_step="ask for fewer or smaller workers (air.Scaling), or connect to a larger cluster (RAY_ADDRESS)",
        )
    return wanted


def _fitting(node: dict[str, float], wanted: dict[str, float]) -> int:
    return int(min(node.get(name, 0) // amount for name, amount in wanted.items() if amount))
