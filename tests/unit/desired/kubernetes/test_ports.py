"""Where the GCS of a head listens: workers, the operator and the policies have to agree."""

import json
from typing import Any

import pytest

from shoal.desired.kubernetes.derive import kubernetes_cluster
from shoal.desired.kubernetes.ports import gcs_port
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.from_json import from_json
from shoal.spec.raycluster import RayCluster

LISTED = {"ports": [{"containerPort": 6380, "name": "gcs-server"}]}
OVERWRITTEN = {"ray.io/overwrite-container-cmd": "true"}


def cluster(
    params: dict[str, str], container: dict[str, Any], annotations: dict[str, str]
) -> tuple[RayCluster, dict[str, Any]]:
    """One whose head has these, and its spec as plain JSON."""
    ray = {"name": "ray", "image": "rayproject/ray:2.60.0"}
    head, worker = ({"spec": {"containers": [each]}} for each in ({**ray, **container}, ray))
    spec = {
        "headGroupSpec": {"rayStartParams": params, "template": head},
        "workerGroupSpecs": [{"groupName": "g", "replicas": 1, "rayStartParams": {}, "template": worker}],
    }
    meta = {"name": "c", "namespace": "n", "annotations": annotations}
    read, _ = from_json({"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": meta, "spec": spec})
    assert isinstance(read, RayCluster)
    return read, spec


@pytest.mark.parametrize(
    ("params", "container", "annotations", "expected"),
    [
        ({}, {}, {}, 6379),
        ({"port": "6381"}, LISTED, {}, 6381),
        ({}, LISTED, {}, 6379),  # the generated command has no --port
        ({}, {**LISTED, "command": ["bash", "-c"], "args": ["ray start --head --port=6380"]}, {}, 6380),
        ({}, {**LISTED, "command": ["/start.sh"]}, OVERWRITTEN, 6380),
        ({}, {**LISTED, "command": ["/before.sh"]}, {}, 6379),  # it runs before the generated one
    ],
)
def test_everybody_looks_for_the_gcs_where_it_listens(
    params: dict[str, str], container: dict[str, Any], annotations: dict[str, str], expected: int
) -> None:
    found, spec = cluster(params, container, annotations)
    assert gcs_port(found) == expected
    desired = kubernetes_cluster(found, spec, Settings())
    assert desired.head is not None
    assert desired.head.ports == {"gcs": expected}
    address = f"--address=c-head-svc.n.svc.cluster.local:{expected} ".encode()
    assert any(address in pod for pod in desired.templates.values())
    policies = [json.loads(each.manifest) for each in desired.objects if each.kind == "NetworkPolicy"]
    rules = [rule for policy in policies for rule in policy["spec"]["ingress"]]
    operators = [rule["ports"] for rule in rules if "shoal-system" in json.dumps(rule.get("from"))]
    assert operators == [[{"port": expected, "protocol": "TCP"}]]
