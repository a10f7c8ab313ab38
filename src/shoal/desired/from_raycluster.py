"""RayCluster -> DesiredCluster."""

from shoal.desired.cluster import HEAD_GROUP, HEAD_NODE, DesiredCluster, DesiredNode, Role
from shoal.desired.resources import start_params
from shoal.desired.variables import literal_values
from shoal.spec.kubernetes.container import Container
from shoal.spec.kubernetes.pod import PodSpec, PodTemplateSpec
from shoal.spec.ray_start import HEAD_PORT_OF, HEAD_PORTS, PLACING_VARIABLES
from shoal.spec.raycluster import HeadGroupSpec, RayCluster, WorkerGroupSpec


def from_raycluster(cluster: RayCluster) -> DesiredCluster:
    """The nodes that a RayCluster asks for; none while it is suspended."""
    spec = cluster.spec
    if spec.suspend:
        return DesiredCluster(cluster.metadata.name, spec.ray_version, ())
    nodes = [_head(spec.head_group_spec)]
    for group in spec.worker_group_specs:
        nodes += _workers(group)
    return DesiredCluster(cluster.metadata.name, spec.ray_version, tuple(nodes))


def ray_container(template: PodTemplateSpec) -> Container:
    """The container that runs Ray: the first. Raises ValueError for a template without one, which parse() refuses."""
    return pod_of(template).containers[0]


def pod_of(template: PodTemplateSpec) -> PodSpec:
    """Raises ValueError for a template without a container, which parse() refuses."""
    if template.spec is None or not template.spec.containers:
        raise ValueError("the template has no container")
    return template.spec


def groups_of(cluster: RayCluster) -> tuple[HeadGroupSpec | WorkerGroupSpec, ...]:
    """The head and the worker groups."""
    return cluster.spec.head_group_spec, *cluster.spec.worker_group_specs


def replicas_of(group: WorkerGroupSpec) -> int:
    """How many replicas a group has without an autoscaler: what it says, held between its minimum and maximum."""
    if group.suspend:
        return 0
    asked = group.min_replicas if group.replicas is None else group.replicas
    return max(group.min_replicas, min(asked, group.max_replicas))


def _head(group: HeadGroupSpec) -> DesiredNode:
    container = ray_container(group.template)
    return DesiredNode(
        name=HEAD_NODE,
        role=Role.HEAD,
        group=HEAD_GROUP,
        start_params=start_params(pod_of(group.template), group.ray_start_params, group.resources, group.labels),
        ports=head_port_numbers(container, group.ray_start_params),
        env=_env(container),
    )


def _workers(group: WorkerGroupSpec) -> list[DesiredNode]:
    container = ray_container(group.template)
    params = start_params(pod_of(group.template), group.ray_start_params, group.resources, group.labels)
    env = _env(container)
    return [
        DesiredNode(f"{group.group_name}-{index}", Role.WORKER, group.group_name, params, env=env)
        for index in range(replicas_of(group) * group.num_of_hosts)
    ]


def head_port_numbers(container: Container, params: dict[str, str]) -> dict[str, int]:
    """Ports by Ray's names. rayStartParams win over the container's, since Ray listens where those say."""
    ports = {HEAD_PORT_OF[port.name]: port.container_port for port in container.ports if port.name in HEAD_PORT_OF}
    for port in HEAD_PORTS:
        if params.get(port.option, "").isdecimal():
            ports[port.name] = int(params[port.option])
    return ports


def _env(container: Container) -> dict[str, str]:
    known = literal_values(container.env)
    return {name: value for name, value in known.items() if name not in PLACING_VARIABLES}
