"""Which Ray and which Python: of a cluster, and of an interpreter on this machine. Ray Client wants them to agree."""

import subprocess
import sys
from pathlib import Path

import msgspec

from shoal.engine.http_json import Dashboard, decode

PROBE = """
import sys
from importlib.metadata import PackageNotFoundError, version
try:
    ray = version("ray")
except PackageNotFoundError:
    ray = ""
print("%d.%d.%d" % sys.version_info[:3], ray)
"""
PROBE_TIMEOUT_S = 20.0


class Versions(msgspec.Struct, frozen=True):
    """python: as ``3.11.7``. ray: as ``2.60.0``, "" where there is none."""

    python: str
    ray: str

    @property
    def python_minor(self) -> str:
        """As ``3.11``: pickles and byte code are the same within it."""
        return ".".join(self.python.split(".")[:2])


class _Metadata(msgspec.Struct, rename="camel"):
    ray_version: str
    python_version: str


class _Answer(msgspec.Struct):
    data: _Metadata


def of_cluster(dashboard: Dashboard) -> Versions:
    """What the head runs. Raises what ``dashboard`` raises, DashboardGarbled among it."""
    data = decode(dashboard.request("GET", "/api/v0/cluster_metadata"), _Answer, dashboard.address).data
    return Versions(data.python_version, data.ray_version)


def of_interpreter(path: Path) -> Versions | None:
    """What the Python at ``path`` has; None if it does not say. Runs it only if it is not the one that runs this."""
    if path.parent == Path(sys.executable).parent and path.resolve() == Path(sys.executable).resolve():
        return _own()
    try:
        ended = subprocess.run(
            [path, "-c", PROBE], check=False, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    python, _, ray = ended.stdout.strip().rpartition("\n")[2].partition(" ")
    return Versions(python, ray) if ended.returncode == 0 and python else None


def _own() -> Versions:
    from importlib.metadata import PackageNotFoundError, version

    try:
        ray = version("ray")
    except PackageNotFoundError:
        ray = ""
    return Versions(".".join(map(str, sys.version_info[:3])), ray)
