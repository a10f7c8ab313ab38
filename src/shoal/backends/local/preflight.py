"""What must hold on this machine before anything is started on it."""

import os
import shutil
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from shoal.backends.local import paths
from shoal.desired.cluster import DesiredNode
from shoal.engine.launch import RayNotInstalled
from shoal.errors import ActionFailed, DiskFull

TESTED_RAY = "2.60"
LEAST_DISK_BYTES = 200 * 1024**2
SHM = Path("/dev/shm")  # noqa: S108 - where Ray keeps its objects


class RayVersionUnsupported(ActionFailed):
    """The installed Ray is not a version that Shoal is tested with.

    Shoal starts Ray by options and talks to it by interfaces that change between versions, so it does not try.
    `pip install 'shoal[local]'` brings the right one. Nothing was started.
    """

    code = "E202"


class SharedMemoryTooSmall(ActionFailed):
    """Shared memory has no room for the object stores that the nodes of this cluster would have.

    Ray keeps objects in /dev/shm; without room there it falls back to disk and is slow, or its workers die with bus
    errors. Lower the memory limits or set `object-store-memory` in rayStartParams, or give the machine more:
    `docker run --shm-size=4g`, or `mount -o remount,size=4g /dev/shm`. Nothing was started.
    """

    code = "E207"


def installed_ray() -> str:
    """Version of the Ray beside Shoal, "" if there is none."""
    try:
        return version("ray")
    except PackageNotFoundError:
        return ""


def check_host(nodes: Sequence[DesiredNode]) -> None:
    """Whether ``nodes`` can be started here, beside all that runs here already.

    Raises RayNotInstalled, RayVersionUnsupported, DiskFull or SharedMemoryTooSmall.
    """
    if not nodes:
        return
    found = installed_ray()
    if not found:
        raise RayNotInstalled("Ray is not installed beside Shoal", next_step="pip install 'shoal[local]'")
    if not found.startswith(f"{TESTED_RAY}."):
        raise RayVersionUnsupported(
            f"Ray {found} is installed, Shoal works with {TESTED_RAY}",
            next_step=f"pip install 'ray[default,client]=={TESTED_RAY}.0'",
        )
    _check_disk(paths.runtime_home())
    _check_disk(paths.state_home())
    _check_shared_memory(nodes)


def _check_disk(folder: Path) -> None:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < LEAST_DISK_BYTES:
        raise DiskFull(
            f"{free // 1024**2} MiB are free, at least {LEAST_DISK_BYTES // 1024**2} MiB are needed",
            where=str(folder),
            next_step="free some space, then run the same command again",
        )


def _check_shared_memory(nodes: Sequence[DesiredNode]) -> None:
    asked = sum(int(node.start_params.get("object-store-memory", 0)) for node in nodes)
    usual = not any("plasma-directory" in node.start_params for node in nodes)
    if not (asked and usual and SHM.is_dir()):
        return
    stats = os.statvfs(SHM)
    free = stats.f_bavail * stats.f_frsize
    if free < asked:
        raise SharedMemoryTooSmall(
            f"the object stores need {asked // 1024**2} MiB of shared memory, {free // 1024**2} MiB are free",
            where=str(SHM),
            next_step="lower the memory limits, or give it more room (docker: --shm-size)",
        )
