"""What must exist for a spec to be true, said without any backend: named nodes and what each offers to Ray."""

import hashlib
from enum import StrEnum

import msgspec

HEAD_GROUP = "headgroup"
HEAD_NODE = "head"


class Role(StrEnum):
    """What a node is to Ray."""

    HEAD = "head"
    WORKER = "worker"


class DesiredNode(msgspec.Struct, frozen=True):
    """One Ray node: a pod on Kubernetes, a process tree on this machine.

    name: unique in its cluster and deterministic: ``head``, or ``GROUP-INDEX``.
    start_params: options of ``ray start`` without the dashes, as ``{"num-cpus": "1"}``; never addresses or ports.
    ports: what the manifest asks for by name: ``gcs``, ``dashboard``, ``client``. A backend may map them elsewhere.
    env: of the Ray container, what the manifest gives a value, references filled in.
    """

    name: str
    role: Role
    group: str
    start_params: dict[str, str]
    ports: dict[str, int] = {}
    env: dict[str, str] = {}

    @property
    def fingerprint(self) -> str:
        """Changes exactly when the node has to be started anew to match the spec."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()[:16]


class DesiredCluster(msgspec.Struct, frozen=True):
    """A cluster as the spec wants it.

    ray_version: what the spec asks for, or "".
    nodes: the head first; empty while the cluster is suspended.
    """

    name: str
    ray_version: str
    nodes: tuple[DesiredNode, ...]

    @property
    def head(self) -> DesiredNode | None:
        """The one node that runs the GCS; None while the cluster is suspended."""
        return self.nodes[0] if self.nodes else None
