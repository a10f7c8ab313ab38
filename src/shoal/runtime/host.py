"""What lint may know of this machine."""

import os
import sys
from collections.abc import Iterable

from shoal.backends.local.preflight import installed_ray
from shoal.lint.facts import Facts, NodeSize


def facts(node_sizes: Iterable[tuple[str, float, int]] = ()) -> Facts:
    """Of this machine and what is installed. node_sizes: name, CPUs and bytes of memory of each machine."""
    return Facts(
        ray_version=installed_ray(),
        python_version=f"{sys.version_info.major}.{sys.version_info.minor}",
        cpus=os.cpu_count() or 0,
        node_sizes=tuple(NodeSize(*size) for size in node_sizes),
    )
