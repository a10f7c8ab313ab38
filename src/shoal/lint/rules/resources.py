"""CPU, memory and the object store."""

from collections.abc import Iterator

from shoal.findings import Severity
from shoal.lint.context import ClusterContext, Group
from shoal.lint.facts import Facts, NodeSize
from shoal.lint.rule import Hit, rule
from shoal.spec.quantity import bytes_of, cpu_cores, parse_quantity
from shoal.spec.ray_start import OBJECT_STORE_LEAST_BYTES

GIB = 1024**3
LEAST_HEAD_MEMORY = 2 * GIB


@rule("L101", Severity.WARNING)
def memory_has_no_limit(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A Ray container has no memory limit.

    Ray is told the memory of its node from the limit. Without one it takes the whole machine for its own, plans tasks
    into memory that other pods use, and the kernel ends whatever process it likes. Ray's own guard against running out
    of memory, which would end a task and say so, never fires.

    Give every group a memory limit, and a request of the same size:

        resources:
          limits: {cpu: "4", memory: 8Gi}
          requests: {cpu: "4", memory: 8Gi}
    """
    for group in cluster.groups:
        if "memory" not in group.limits:
            asked = group.requests.get("memory")
            hint = (
                f"add `memory: {asked}` under limits"
                if asked is not None
                else "add `memory:` under limits and requests"
            )
            yield Hit(f"{group.title} has no memory limit", group.limit_path("memory"), hint)


@rule("L102", Severity.WARNING)
def cpu_is_not_given(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A Ray container has neither a CPU request nor a CPU limit.

    Ray is told its CPUs from the limit, else from the request. With neither it counts every CPU of the machine, though
    the pod has no claim to any, and Kubernetes puts as many such pods on the machine as it likes.

    Give a request. A limit as well makes tasks run at a steady speed; without one they may borrow idle CPUs:

        resources:
          requests: {cpu: "4"}
    """
    for group in cluster.groups:
        if "cpu" not in group.limits and "cpu" not in group.requests:
            hint = "add `cpu:` under requests, and under limits for a steady speed"
            yield Hit(f"{group.title} asks for no CPU", group.request_path("cpu"), hint)


@rule("L103", Severity.WARNING)
def memory_request_differs_from_limit(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The memory request of a Ray container is not its limit.

    Ray fills the memory that the limit promises: it plans tasks by it and takes 30 % of it for objects. Kubernetes
    keeps only the request free for the pod. When the machine fills up, the pod that is above its request is the first
    to be evicted, with all the objects that it held.

    Make them equal:

        limits: {memory: 8Gi}
        requests: {memory: 8Gi}
    """
    for group in cluster.groups:
        limit, request = group.limits.get("memory"), group.requests.get("memory")
        # Without a request Kubernetes takes the limit for it.
        if limit is not None and request is not None and parse_quantity(request) != parse_quantity(limit):
            message = f"{group.title} requests {request} of memory and may use {limit}"
            yield Hit(message, group.request_path("memory"), f"request {limit}, as Ray plans with the limit")


@rule("L104", Severity.WARNING)
def object_store_exceeds_memory(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The object store is as large as the whole memory of its container, or larger.

    Objects live in shared memory, which counts towards the container's limit. When the store fills, the kernel ends
    the container before Ray can spill objects to disk.

    Leave `object-store-memory` out (Ray takes 30 % of the limit), or keep it well below the limit.
    """
    for group in cluster.groups:
        limit, store = group.limits.get("memory"), group.params.get("object-store-memory", "")
        if limit is not None and store.isdecimal() and int(store) >= bytes_of(limit):
            message = f"{group.title} has an object store of {store} bytes in {bytes_of(limit)} bytes of memory"
            hint = "remove it: Ray takes 30 % of the limit"
            yield Hit(message, group.param_path("object-store-memory"), hint)


@rule("L105", Severity.WARNING)
def head_memory_is_small(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The head has less than 2 GiB of memory.

    The head runs the GCS, the dashboard with its modules, the job agents and, with autoscaling, the autoscaler. Idle,
    they take about 0.65 GB; drivers and jobs come on top, and the GCS grows with every actor, task and node. A head
    that runs out of memory takes the whole cluster with it.

    Give the head 2 GiB to try something out, 8 GiB or more to work with.
    """
    limit = cluster.head.limits.get("memory")
    if limit is not None and bytes_of(limit) < LEAST_HEAD_MEMORY:
        message = f"the head has {limit} of memory; Ray's own processes take about 650 Mi before the first job"
        yield Hit(message, cluster.head.limit_path("memory"), "give the head at least 2Gi, 8Gi for real work")


@rule("L106", Severity.NOTE)
def several_pods_share_a_machine(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Several Ray pods of a group fit on one machine.

    One large Ray node works better than several small ones on the same machine: one object store that all its workers
    share without copying, one raylet and one agent instead of many, and larger tasks that fit. Told only where the
    sizes of the machines are known, and never for GKE Autopilot, which makes machines to fit the pods.

    Give a worker pod nearly all that one machine offers, and have fewer of them.
    """
    for group in cluster.workers:
        size = _machine_for(group, facts.node_sizes)
        if size is not None and not _is_autopilot(group):
            message = f"{group.title} fits more than once on a {size.name} machine"
            hint = f"ask for nearly all of its {size.cpus:g} CPUs and {size.memory / GIB:.0f}Gi, with fewer replicas"
            yield Hit(message, (*group.container_path, "resources"), hint)


@rule("L107", Severity.ERROR)
def object_store_is_too_small(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`object-store-memory` is less than Ray starts with.

    Ray refuses an object store of less than 75 MiB (78643200 bytes), and the node ends at once. The option is in bytes:
    "1" is one byte, not a gigabyte.

    Leave it out (Ray takes 30 % of the memory limit), or write the size in bytes.
    """
    for group in cluster.groups:
        store = group.params.get("object-store-memory", "")
        if store.isdecimal() and int(store) < OBJECT_STORE_LEAST_BYTES:
            message = f"{group.title} has an object store of {store} bytes, Ray needs {OBJECT_STORE_LEAST_BYTES}"
            hint = "remove it (Ray takes 30 % of the memory limit), or write the size in bytes"
            yield Hit(message, group.param_path("object-store-memory"), hint)


def _machine_for(group: Group, sizes: tuple[NodeSize, ...]) -> NodeSize | None:
    """The smallest machine that takes the pod, when it takes it twice."""
    cpu, memory = (group.requests.get(name, group.limits.get(name)) for name in ("cpu", "memory"))
    if cpu is None or memory is None:
        return None
    cores, size_bytes = cpu_cores(cpu), bytes_of(memory)
    fitting = [size for size in sizes if size.cpus >= cores and size.memory >= size_bytes]
    smallest = min(fitting, key=lambda size: (size.cpus, size.memory), default=None)
    if smallest is None or smallest.cpus < 2 * cores or smallest.memory < 2 * size_bytes:
        return None
    return smallest


def _is_autopilot(group: Group) -> bool:
    return "cloud.google.com/compute-class" in group.pod.node_selector
