"""What the shell knows about the world around a spec; lint itself looks at nothing else."""

import msgspec


class NodeSize(msgspec.Struct, frozen=True):
    """What one kind of machine of the cluster offers to pods. memory: in bytes."""

    name: str
    cpus: float
    memory: int


class Facts(msgspec.Struct, frozen=True):
    """Empty where unknown.

    ray_version: of the Ray installed beside Shoal, as "2.60.0".
    python_version: that Shoal runs on, as "3.11".
    cpus: of this machine; 0 where unknown.
    node_sizes: the machines that pods may land on.
    """

    ray_version: str = ""
    python_version: str = ""
    cpus: int = 0
    node_sizes: tuple[NodeSize, ...] = ()
