"""Shoal: real Ray clusters from one spec.

``with shoal.up("raycluster.yaml") as cluster: cluster.submit("python script.py")``
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoal.api import AsyncCluster, Cluster, JobFailed, JobResult, async_get, async_up, get, up

__version__ = "0.1.0"
__all__ = [
    "AsyncCluster",
    "Cluster",
    "JobFailed",
    "JobResult",
    "__version__",
    "async_get",
    "async_up",
    "get",
    "up",
]


def __getattr__(name: str) -> Any:
    """Import the library when it is used: the command line, which needs little of it, starts the faster."""
    if name in __all__:
        return getattr(import_module("shoal.api"), name)
    raise AttributeError(f"module 'shoal' has no attribute {name!r}")
