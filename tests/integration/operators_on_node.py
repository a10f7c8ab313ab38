"""An operator that is away from a real node for a while, and one that is on this machine instead of in a pod."""

import contextlib
import json
from collections.abc import Iterator

from kube import Cluster
from raynode import RayOnNode, until

GCS = 6379


@contextlib.contextmanager
def no_operator(node: Cluster, namespace: str) -> Iterator[None]:
    """None runs meanwhile."""

    def scale(count: int) -> None:
        node.kubectl("-n", namespace, "scale", "deployment/shoal-operator", f"--replicas={count}")
        until(
            f"{count} operators run",
            lambda: node.kubectl("-n", namespace, "get", "pods", "-o", "name").count("pod/") == count,
        )

    scale(0)
    try:
        yield
    finally:
        scale(1)


@contextlib.contextmanager
def this_machine_let_in(cluster: RayOnNode) -> Iterator[None]:
    """This machine may ask Ray's GCS: policies add up, and the operator's own let in its namespace alone."""
    rule = {"from": [{"ipBlock": {"cidr": f"{cluster.node.machine()}/32"}}], "ports": [{"port": GCS}]}
    spec = {"podSelector": {"matchLabels": {"ray.io/cluster": cluster.name}}, "ingress": [rule]}
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "this-machine"}}
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(made | {"spec": spec}))
    try:
        yield
    finally:
        cluster.kubectl("delete", "networkpolicy", "this-machine")
