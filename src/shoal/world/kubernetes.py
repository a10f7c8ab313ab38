"""What the operator keeps of Kubernetes objects: the fields that decide something, and nothing else of them."""

from datetime import datetime

import msgspec

from shoal.desired.kubernetes.labels import EMPTIES_REDIS
from shoal.spec.kubernetes.meta import OwnerReference
from shoal.spec.wire import Time, Wire

CLUSTER = "ray.io/cluster"
NODE_TYPE = "ray.io/node-type"
GROUP = "ray.io/group"
REPLICA = "ray.io/worker-group-replica-name"
REPLICA_INDEX = "ray.io/worker-group-replica-index"
HOST_INDEX = "ray.io/replica-host-index"
SEAT = "shoal.dev/seat"
"""Annotation of a pod: ``NUMBER.LIFE``, its place in its group and how many were in that place before it."""
TEMPLATE = "shoal.dev/template"
"""Annotation of a pod: digest of the template it was made from."""
EDITION = "shoal.dev/edition"
"""Annotation of a pod: digest of the whole cluster's templates when it was made."""
ADOPTED = "shoal.dev/adopted"
"""Annotation of a pod that another operator made, and of those that were made beside such: their cluster stays as open,
or as closed, as it was."""
DRAIN = "shoal.dev/drain"
"""Annotation of a pod that is to go: ``RAY_ID DEADLINE``, the latter in seconds since 1970, and TOLD once Ray knows."""
TOLD = "told"
DIGEST = "shoal.dev/digest"
"""Annotation of every other object: digest of what was applied."""
CONTENTS = "shoal.dev/contents"
"""Annotation of a Secret that the operator filled: a name, drawn at random, of what is in it."""
SECRETS = "shoal.dev/secrets"
"""Annotation of a pod: ``SECRET=CONTENTS`` of each such Secret that it was made with, one space between them."""
DECIDING = frozenset(
    (
        CLUSTER,
        NODE_TYPE,
        GROUP,
        REPLICA,
        HOST_INDEX,
        SEAT,
        TEMPLATE,
        EDITION,
        ADOPTED,
        DRAIN,
        DIGEST,
        CONTENTS,
        SECRETS,
    )
)
"""Labels and annotations by which something is decided about what a cluster owns; no others are kept of that."""
IS_IDLE = "ray.io/idle-termination-cleanup-finalizer"
"""Finalizer that Ray's autoscaler puts on an idle RayCluster before it deletes it."""
FINALIZERS = (EMPTIES_REDIS, IS_IDLE)


def timestamp(moment: datetime) -> str:
    """A moment in UTC as objects spell a time, in whole seconds."""
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


class Meta(Wire, frozen=True):
    """The part of ObjectMeta that decides something."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Time = ""
    deletion_timestamp: Time | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()


class Waiting(Wire, frozen=True):
    reason: str = ""
    message: str = ""


class Terminated(Wire, frozen=True):
    exit_code: int = 0
    reason: str = ""
    message: str = ""


class ContainerState(Wire, frozen=True):
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Wire, frozen=True):
    name: str
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodCondition(Wire, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""


class PodStatus(Wire, frozen=True):
    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    reason: str = ""
    message: str = ""
    conditions: tuple[PodCondition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Container(Wire, frozen=True):
    name: str


class PodPlace(Wire, frozen=True):
    """The first of the containers is Ray's; their statuses come in the order of their names."""

    node_name: str = ""
    restart_policy: str = "Always"
    containers: tuple[Container, ...] = ()


class Pod(Wire, frozen=True):
    """A pod of a cluster."""

    metadata: Meta
    spec: PodPlace = PodPlace()
    status: PodStatus = PodStatus()


class ServicePlace(Wire, frozen=True):
    cluster_ip: str = msgspec.field(default="", name="clusterIP")


class ObjectStatus(Wire, frozen=True):
    conditions: tuple[PodCondition, ...] = ()


class Shared(Wire, frozen=True):
    """Any object that a cluster owns beside its pods; ``spec`` is a Service's, ``status`` a Job's."""

    metadata: Meta
    spec: ServicePlace = ServicePlace()
    status: ObjectStatus = ObjectStatus()


class Resource(Wire, frozen=True):
    """A RayCluster as it came. spec, status: JSON, decoded only when it has changed."""

    metadata: Meta
    spec: msgspec.Raw = msgspec.Raw(b"{}")
    status: msgspec.Raw = msgspec.Raw(b"{}")


class RayView(msgspec.Struct, frozen=True):
    """What Ray's GCS said when it was asked last.

    alive: Ray's node id by instance id, which is the pod's name. error: why it didn't answer, or "".
    before: the same, from its last answer, where it doesn't answer now: who is in it may still have work to lose.
    idle_s: how long no driver was attached by then; None while one is, and where that makes no difference. limit_s: for
    how long that might have been, by the spec of then.
    gone: names of the cluster's Secrets that were not there any more, when they were needed to ask.
    outside: pods that it has not called alive in any answer for a while.
    """

    alive: dict[str, str] = {}
    error: str = ""
    before: dict[str, str] = {}
    idle_s: int | None = None
    limit_s: int | None = None
    gone: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()


class Failure(msgspec.Struct, frozen=True):
    """An action that did not work when it was tried last.

    reason: CamelCase; message: the API server's words; next_step: imperative, or "".
    """

    reason: str
    message: str
    next_step: str = ""


class Consent(msgspec.Struct, frozen=True):
    """What a Namespace says of powers. labels, annotations: all that it has."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Observed(msgspec.Struct, frozen=True):
    """All that is known of one RayCluster at one moment.

    shared: by ``KIND/NAME``. ray: None until the GCS was asked. failure: None unless something could not be done.
    consent: of its namespace; None until that was asked.
    doubted: names of Secrets among ``shared`` that nobody has looked for in a while.
    gone: names of the pods that went last from each number of each group, as far as somebody has watched.
    """

    resource: Resource
    pods: tuple[Pod, ...] = ()
    shared: dict[str, Shared] = {}
    ray: RayView | None = None
    failure: Failure | None = None
    consent: Consent | None = None
    doubted: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
