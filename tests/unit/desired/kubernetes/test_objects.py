"""The objects of a cluster, case by case: tests/cases/kubernetes/objects."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes.objects import objects
from shoal.desired.kubernetes.objects.storage import redis_cleanup
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import RayCluster

CASES = Path(__file__).parents[3] / "cases" / "kubernetes" / "objects"
SAMPLES = os.environ.get("SHOAL_KUBERAY_DIR", "")
KINDS = {
    "services": {"Service"},
    "ways_in": {"Ingress", "Route"},
    "access": {"Secret", "ServiceAccount", "Role", "RoleBinding"},
    "storage": {"PersistentVolumeClaim"},
    "policies": {"NetworkPolicy"},
}


def pod(name: str, **container: Any) -> dict[str, Any]:
    """A pod template with this one container."""
    return {"spec": {"containers": [{"name": name, "image": "rayproject/ray:2.60.0", **container}]}}


def manifest(case: dict[str, Any]) -> dict[str, Any]:
    """The RayCluster of a case."""
    template = pod("ray-head", **case.get("container", {}))
    template["spec"] |= case.get("head_pod", {})
    if "head_labels" in case:
        template["metadata"] = {"labels": case["head_labels"]}
    worker = {"rayStartParams": {}, "template": pod("ray-worker")}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "c", "namespace": "ns", **case.get("metadata", {})},
        "spec": {
            "headGroupSpec": {"rayStartParams": {}, "template": template, **case.get("head", {})},
            "workerGroupSpecs": [worker | group for group in case.get("groups", [])],
            **case.get("spec", {}),
        },
    }


def typed(body: dict[str, Any]) -> RayCluster:
    """As the operator reads it from the API server."""
    return msgspec.json.decode(json.dumps(body), type=RayCluster)


def made(case: dict[str, Any]) -> tuple[DesiredObject, ...]:
    """All objects of a case's cluster."""
    body = manifest(case)
    return objects(typed(body), body["spec"], Settings(**case.get("settings", {})))


def cases() -> Iterator[Any]:
    """Each with the kinds that its file is about."""
    for file, kinds in KINDS.items():
        for case in yaml.safe_load((CASES / f"{file}.yaml").read_text()):
            yield pytest.param(kinds, case, id=f"{file}: {case['name']}")


def as_written(item: DesiredObject) -> dict[str, Any]:
    """An object as the cases write it."""
    notes: dict[str, Any] = {"generated": list(item.generated)} if item.generated else {}
    return item.body | notes | ({"kept": True} if item.kept else {})


@pytest.mark.parametrize(("kinds", "case"), list(cases()))
def test_a_cluster_has_exactly_these_objects(kinds: set[str], case: dict[str, Any]) -> None:
    assert [as_written(item) for item in made(case) if item.kind in kinds] == case["objects"]


@pytest.mark.parametrize(("kinds", "case"), list(cases()))
def test_every_object_can_be_found_by_its_cluster_and_leaves_place_and_owner_open(
    kinds: set[str], case: dict[str, Any]
) -> None:
    body = manifest(case)
    found = made(case)
    assert len({item.key for item in found}) == len(found)
    for item in found:
        meta = item.body["metadata"]
        assert (item.body["kind"], meta["name"]) == (item.kind, item.name)
        assert meta["labels"]["ray.io/cluster"] == body["metadata"]["name"]
        assert {"app.kubernetes.io/name", "app.kubernetes.io/created-by"} <= meta["labels"].keys()
        assert not {"namespace", "ownerReferences", "finalizers"} & meta.keys()


def test_the_same_spec_gives_the_same_bytes_whatever_the_order_of_its_keys() -> None:
    head = {"serviceType": "NodePort", "enableIngress": True, "headService": {"metadata": {"labels": {"a": "1"}}}}
    case = {
        "head": head,
        "spec": {"networkPolicy": {}, "enableInTreeAutoscaling": True},
        "groups": [{"groupName": "a"}],
    }
    one, other = manifest(case), json.loads(json.dumps(manifest(case), sort_keys=True))
    encoded = [
        msgspec.json.encode(objects(typed(body), body["spec"], Settings()), order="deterministic")
        for body in (one, other)
    ]
    assert encoded[0] == encoded[1]


def test_making_objects_changes_nothing_of_what_they_are_made_from() -> None:
    body = manifest(
        {"head": {"headService": {"spec": {"ports": [{"name": "x", "port": 1}]}}}, "spec": {"networkPolicy": {}}}
    )
    before = json.dumps(body)
    objects(typed(body), body["spec"], Settings())
    assert json.dumps(body) == before


def test_a_role_gives_no_power_over_other_clusters() -> None:
    (role,) = [item for item in made({"spec": {"enableInTreeAutoscaling": True}}) if item.kind == "Role"]
    for rule in role.body["rules"]:
        assert "*" not in (*rule["verbs"], *rule["resources"])
        changes = set(rule["verbs"]) - {"get", "list", "watch"}
        assert not changes or rule.get("resourceNames") == ["c"]


def test_redis_is_emptied_by_the_heads_image_without_starting_ray() -> None:
    secret = {"name": "REDIS_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "password"}}}
    container = {
        "name": "ray-head",
        "image": "ray:1",
        "command": ["/bin/bash"],
        "args": ["ray start"],
        "env": [secret],
        "resources": {"limits": {"nvidia.com/gpu": 8}},
        "livenessProbe": {},
        "ports": [{"containerPort": 1}],
        "securityContext": {"runAsNonRoot": True},
    }
    head = {
        "metadata": {"labels": {"ray.io/node-type": "head", "team": "a"}, "annotations": {"x": "y"}},
        "spec": {
            "initContainers": [{"name": "wait"}],
            "containers": [container, {"name": "autoscaler"}],
            "serviceAccountName": "mine",
            "restartPolicy": "Always",
        },
    }
    job = redis_cleanup(typed(manifest({})), head)
    assert job.key == "Job/c-redis-cleanup"
    assert job.body["metadata"]["labels"]["ray.io/node-type"] == "redis-cleanup"
    spec = job.body["spec"]
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (0, 300)
    assert spec["template"]["metadata"]["labels"] == job.body["metadata"]["labels"]
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["serviceAccountName"]) == ("Never", "mine")
    assert "initContainers" not in pod
    (only,) = pod["containers"]
    assert (only["image"], only["securityContext"], only["env"][0]) == ("ray:1", {"runAsNonRoot": True}, secret)
    assert only["command"][:2] == ["python", "-c"]
    compile(only["command"][2], "cleanup", "exec")
    assert not {"args", "livenessProbe", "ports"} & only.keys()
    assert only["resources"]["limits"] == {"cpu": "200m", "memory": "256Mi"}


def samples() -> Iterator[Any]:
    """Every RayCluster of KubeRay's own samples, when they are at hand."""
    for path in sorted(Path(SAMPLES, "samples").glob("*.yaml")) if SAMPLES else ():
        for document in yaml.safe_load_all(path.read_text()):
            if document and document.get("kind") == "RayCluster":
                yield pytest.param(document, id=path.stem)


@pytest.mark.skipif(not SAMPLES, reason="SHOAL_KUBERAY_DIR is not set")
@pytest.mark.parametrize("profile", ["secure", "compat"])
@pytest.mark.parametrize("body", list(samples()))
def test_a_sample_of_kuberay_has_the_objects_that_kuberay_makes(body: dict[str, Any], profile: Any) -> None:
    cluster, spec, name = typed(body), body["spec"], body["metadata"]["name"]
    found = {item.key for item in objects(cluster, spec, Settings(profile=profile))}
    service = (spec["headGroupSpec"].get("headService") or {}).get("metadata", {}).get("name", f"{name}-head-svc")
    expected = {f"Service/{service}"}
    if any(group.get("numOfHosts", 1) > 1 for group in spec.get("workerGroupSpecs", ())):
        expected.add(f"Service/{name}-headless")
    if spec.get("enableInTreeAutoscaling"):
        expected |= {f"{kind}/{name}" for kind in ("ServiceAccount", "Role", "RoleBinding")}
    auth = spec.get("authOptions") or {}
    if auth.get("mode") == "token" and not auth.get("secretName") and not auth.get("enableK8sTokenAuth"):
        expected.add(f"Secret/{name}")
    if (spec.get("gcsFaultToleranceOptions") or {}).get("backend") == "rocksdb":
        expected.add(f"PersistentVolumeClaim/{name}-gcs-pvc")
    if (spec.get("tlsOptions") or {}).get("enabled"):
        expected.add(f"Secret/{name}-ca-secret")
    beyond = {f"NetworkPolicy/{name}", f"Secret/{name}"} if profile == "secure" else set()
    assert expected <= found <= expected | beyond


def test_the_objects_of_a_small_cluster_are_made_in_a_fraction_of_a_millisecond() -> None:
    body = manifest({"groups": [{"groupName": "a"}, {"groupName": "b"}], "spec": {"enableInTreeAutoscaling": True}})
    cluster = typed(body)
    best = min(_seconds(cluster, body["spec"]) for _ in range(50))
    assert best < 0.5e-3


def _seconds(cluster: RayCluster, raw: dict[str, Any]) -> float:
    begin = time.perf_counter()
    objects(cluster, raw, Settings())
    return time.perf_counter() - begin
