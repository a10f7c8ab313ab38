"""Ports of the head: named, and the same in every place."""

from collections.abc import Iterator

from shoal.findings import Severity
from shoal.lint.context import ClusterContext, Group
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.ray_start import HEAD_PORTS

FIRST_WORKER_PORT, LAST_WORKER_PORT = 10002, 19999


@rule("L151", Severity.NOTE)
def head_port_is_not_named(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The head names some of its ports, but not all that others look for.

    The head's Service is made from the container's named ports, and from the defaults only when there are none. A port
    that isn't named is not in the Service: `kubectl port-forward svc/...`, an Ingress or a LoadBalancer don't lead to
    it, and an operator that looks for it by its name doesn't find it. The names are `gcs-server` (6379), `dashboard`
    (8265) and `client` (10001).

    Name all three, or none:

        ports:
          - {name: gcs-server, containerPort: 6379}
          - {name: dashboard, containerPort: 8265}
          - {name: client, containerPort: 10001}
    """
    ports = cluster.head.container.ports
    given = {port.name for port in ports}
    for known in HEAD_PORTS:
        if ports and not given & set(known.aliases):
            hint = f"add `- {{name: {known.aliases[0]}, containerPort: {known.default}}}`"
            yield Hit(f"the head names no {known.name} port", (*cluster.head.container_path, "ports"), hint)


@rule("L152", Severity.WARNING)
def head_port_differs_from_option(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A port of the head's container is not the one that Ray listens on.

    Ray listens where `rayStartParams` says, else on 6379 (gcs), 8265 (dashboard) and 10001 (client). The Service leads
    to the container's port; when the two differ, it leads nowhere.

    Write the same number in both.
    """
    for known in HEAD_PORTS:
        told = cluster.head.params.get(known.option, str(known.default))
        for index, port in enumerate(cluster.head.container.ports):
            if port.name in known.aliases and told.isdecimal() and port.container_port != int(told):
                message = f"the {known.name} port is {port.container_port}, and Ray listens on {told}"
                path = (*cluster.head.container_path, "ports", index, "containerPort")
                yield Hit(message, path, f"write {told}, or set {known.option} in rayStartParams")


@rule("L153", Severity.ERROR)
def ports_of_a_node_collide(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Two parts of a Ray node are told to listen on the same port.

    `ray start` refuses to start when two of its ports are one, or when one lies among the ports of the worker processes
    (10002 to 19999 unless `min-worker-port` and `max-worker-port` say otherwise).

    Choose another port; the client's default is 10001.
    """
    for group in cluster.groups:
        low, high = _worker_ports(group)
        seen: dict[int, str] = {}
        for name, value in group.params.items():
            if not _is_port(name) or not value.isdecimal() or int(value) == 0:
                continue
            port = int(value)
            if low <= port <= high:
                message = f"{name} {port} of {group.title} lies among the worker ports {low} to {high}"
                yield Hit(message, group.param_path(name), "choose a port outside of them")
            elif port in seen:
                message = f"{name} and {seen[port]} of {group.title} are both {port}"
                yield Hit(message, group.param_path(name), "give each a port of its own")
            seen.setdefault(port, name)


def _is_port(name: str) -> bool:
    return (name == "port" or name.endswith("-port")) and name not in ("min-worker-port", "max-worker-port")


def _worker_ports(group: Group) -> tuple[int, int]:
    """The first and last port of worker processes; an empty range where they aren't fixed."""
    low, high = (group.params.get(name, "") for name in ("min-worker-port", "max-worker-port"))
    if "worker-port-list" in group.params:
        return 1, 0
    if not low and not high:
        return FIRST_WORKER_PORT, LAST_WORKER_PORT
    return (int(low), int(high)) if low.isdecimal() and high.isdecimal() and int(low) else (1, 0)
