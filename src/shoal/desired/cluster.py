"""What must exist for a spec to be true, said without any backend: named nodes and what each offers to Ray."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

from shoal.spec.raycluster import HEAD_GROUP as HEAD_GROUP

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
    template: digest of the object that the node is made from, a key of ``DesiredCluster.templates``; "" where the other
    fields say all.
    unit: nodes with the same one live and die together, as the hosts of a multi-host replica; "" for a node by itself.
    edition: digest of all that a cluster's nodes are made from.
    seat: its place among the nodes of its group, where others may stand in for it: ``NUMBER.LIFE``.
    """

    name: str
    role: Role
    group: str
    start_params: dict[str, str]
    ports: dict[str, int] = {}
    env: dict[str, str] = {}
    template: str = ""
    unit: str = ""
    edition: str = ""
    seat: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes exactly when the node has to be started anew to match the spec."""
        if self.template:
            return self.template
        return _short(_encoded(self))


class DesiredObject(msgspec.Struct, frozen=True):
    """Something that nodes share and that is no node: a service, a secret, a policy.

    manifest: without namespace and owner, as JSON, which takes a fifth of the memory; always the same for the same
    content. generated: keys of a Secret's data whose values whoever creates it makes, a token or a pair of certificate
    and key; such an object is created once and never changed. kept: it outlives the cluster, so it has no owner.
    """

    kind: str
    name: str
    manifest: bytes
    generated: tuple[str, ...] = ()
    kept: bool = False

    @classmethod
    def of(
        cls, kind: str, name: str, body: Mapping[str, Any], generated: tuple[str, ...] = (), *, kept: bool = False
    ) -> "DesiredObject":
        """body: its manifest."""
        return cls(kind, name, _encoded(body), generated, kept)

    @property
    def key(self) -> str:
        """``KIND/NAME``."""
        return f"{self.kind}/{self.name}"

    @property
    def body(self) -> dict[str, Any]:
        """The manifest, decoded."""
        body: dict[str, Any] = msgspec.json.decode(self.manifest)
        return body

    @property
    def digest(self) -> str:
        """Changes exactly when the object has to be written again."""
        return _short(self.manifest)


class Idle(msgspec.Struct, frozen=True):
    """What becomes of a cluster to which no driver was attached for ``after_s``."""

    after_s: int
    policy: Literal["Suspend", "Delete"]


class Lifecycle(msgspec.Struct, frozen=True):
    """How nodes may be treated where they run.

    tended: an operator watches over it: what is missing comes by itself, and an end that was asked for completes.
    workers_outlive_head: a worker waits for a new head and joins it.
    on_change: what is done about nodes whose settings differ from the spec: ``restart`` each where it is, ``keep``
    them, ``recreate`` all at once, or ``roll`` one worker group after the other.
    drain_s: how long a node that is to go may finish its work first; 0 ends it at once.
    idle: None where an idle cluster goes on, or where Ray's own autoscaler ends it.
    autoscaled: groups of which Ray's own autoscaler says which nodes go, as it knows what each has to do.
    head_once: a head that is gone is not replaced once the cluster was whole.
    """

    tended: bool = False
    workers_outlive_head: bool = False
    on_change: Literal["restart", "keep", "recreate", "roll"] = "restart"
    drain_s: int = 0
    idle: Idle | None = None
    autoscaled: frozenset[str] = frozenset()
    head_once: bool = False


class Cleanup(msgspec.Struct, frozen=True):
    """What is left to do once a cluster's head is gone: a job, waited for until ``patience_s`` after its end was asked
    for. hold: what keeps the cluster until then, as in the World."""

    hold: str
    job: DesiredObject
    patience_s: int


class DesiredCluster(msgspec.Struct, frozen=True):
    """A cluster as the spec wants it.

    ray_version: what the spec asks for, or "".
    nodes: the head first; empty while the cluster is suspended.
    uid: of the object that asks for it, "" where there is none.
    objects: what else must be there, before any node. templates: manifests of nodes by their digest, as JSON; empty
    where no node is to be started.
    token: the Secret, and its key, that the head has its token from; None where it has none. authority: the Secret with
    the authority that its certificate comes from, or "".
    departing: names of nodes that the spec wants gone before any other. cleanup: None where its nodes leave nothing.
    adopted: its nodes are another operator's or were made beside such, and those that are made now are to be like them.
    """

    name: str
    ray_version: str
    nodes: tuple[DesiredNode, ...]
    uid: str = ""
    objects: tuple[DesiredObject, ...] = ()
    templates: dict[str, bytes] = {}
    token: tuple[str, str] | None = None
    authority: str = ""
    departing: frozenset[str] = frozenset()
    lifecycle: Lifecycle = Lifecycle()
    cleanup: Cleanup | None = None
    adopted: bool = False

    @property
    def head(self) -> DesiredNode | None:
        """The one node that runs the GCS; None while the cluster is suspended."""
        return self.nodes[0] if self.nodes else None

    def template(self, node: DesiredNode) -> dict[str, Any]:
        """The manifest that ``node`` is made from."""
        template: dict[str, Any] = msgspec.json.decode(self.templates[node.template])
        return template


def digest(body: dict[str, Any]) -> str:
    """A short name for exactly this content."""
    return _short(_encoded(body))


def _encoded(content: Any) -> bytes:
    return msgspec.json.encode(content, order="deterministic")


def _short(encoded: bytes) -> str:
    return hashlib.sha256(encoded).hexdigest()[:16]
