"""The pods of a cluster, case by case: tests/cases/kubernetes/pods."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from shoal.desired.kubernetes.settings import Settings
from shoal.desired.kubernetes.waiting import SCRIPT
from unit.desired.kubernetes.pod_view import differences, least_group, made, manifest, pods_of, view
from unit.desired.kubernetes.restricted import complaints

Json = dict[str, Any]
CASES = Path(__file__).parents[3] / "cases" / "kubernetes" / "pods"
SAMPLES = Path(os.environ.get("SHOAL_KUBERAY_DIR", "/nowhere")) / "samples"
PARTS = ("starting", "probes", "fault_tolerance", "access", "autoscaler", "security", "kept_logs")
WHOLE = yaml.safe_load((CASES / "whole.yaml").read_text())
CLUSTERS = yaml.safe_load((CASES / "cluster.yaml").read_text())


def settings(case: Json) -> Settings:
    """Of the operator in a case."""
    return Settings(**{"profile": case.get("profile", "compat"), **case.get("settings", {})})


def parts() -> Iterator[Any]:
    """The cases that look at parts of pods."""
    for name in PARTS:
        for case in yaml.safe_load((CASES / f"{name}.yaml").read_text()):
            yield pytest.param(case, id=f"{name}: {case['name']}")


@pytest.mark.parametrize("case", WHOLE["cases"], ids=lambda case: case["profile"])
def test_a_pod_is_exactly_as_reviewed(case: Json) -> None:
    pods = pods_of(made(WHOLE["cluster"], settings(case)))
    waiting = {"domain": "complete-head-svc.ns.svc.cluster.local", "port": "6380", "tls": "0"}
    case["worker"]["spec"]["initContainers"][0]["args"] = [SCRIPT.format(**waiting)]
    assert pods["headgroup"] == case["head"]
    assert pods["small-group"] == case["worker"]


@pytest.mark.parametrize("case", list(parts()))
def test_a_manifest_makes_these_pods(case: Json) -> None:
    pods = pods_of(made(manifest(case), settings(case)))
    for role, group in (("head", "headgroup"), ("worker", "w")):
        assert differences(case["expect"].get(role, {}), view(pods[group]), role) == []
    assert [problem for pod in pods.values() for problem in broken(pod)] == []
    if "restricted" in case:
        found = [problem for pod in pods.values() for problem in complaints(pod["spec"])]
        assert (found == []) is case["restricted"], found


@pytest.mark.parametrize("case", CLUSTERS, ids=lambda case: case["name"])
def test_a_manifest_asks_for_these_nodes(case: Json) -> None:
    body = manifest(case)
    base = least_group("ray-worker", {}, {}) | {"minReplicas": 0, "maxReplicas": 9}
    body["spec"]["workerGroupSpecs"] = [base | group for group in case.get("groups", [])]
    cluster = made(body, Settings())
    if "nodes" in case:
        assert [f"{node.name} {node.unit}".strip() for node in cluster.nodes] == case["nodes"]
    assert cluster.departing == set(case.get("departing", ()))
    assert case.get("lifecycle", {}).items() <= msgspec.structs.asdict(cluster.lifecycle).items()
    assert cluster.uid == "u"
    assert "Service/c-head-svc" in {shared.key for shared in cluster.objects}
    assert {node.template for node in cluster.nodes} <= cluster.templates.keys()
    assert len({node.edition for node in cluster.nodes}) <= 1


def broken(pod: Json) -> Iterator[str]:
    """What the API server or the kubelet would refuse in a pod, or two things would understand differently."""
    spec = pod["spec"]
    containers = [*spec["containers"], *spec.get("initContainers", ())]
    volumes = [volume["name"] for volume in spec.get("volumes", ())]
    names = [container["name"] for container in containers]
    if len(volumes) != len(set(volumes)) or len(names) != len(set(names)):
        yield f"a name is used twice: {volumes} {names}"
    for container in containers:
        mounts = container.get("volumeMounts") or []
        yield from (f"{mount} has no volume" for mount in mounts if mount["name"] not in volumes)
        for things, key in ((container.get("env") or [], "name"), (mounts, "mountPath")):
            keys = [thing[key] for thing in things]
            if len(keys) != len(set(keys)):
                yield f"{container['name']}: {sorted(keys)} has one twice"
    if "name" in pod["metadata"] or "namespace" in pod["metadata"]:
        yield "it has a name already"


def samples() -> Iterator[Any]:
    """Every cluster in KubeRay's samples, those inside of jobs and services too."""
    for path in sorted(SAMPLES.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            kind, spec = (document or {}).get("kind", ""), (document or {}).get("spec", {})
            inside = {
                "RayCluster": spec,
                "RayJob": spec.get("rayClusterSpec"),
                "RayService": spec.get("rayClusterConfig"),
            }
            if inside.get(kind):
                meta = {"name": "sample", "namespace": "ns", "uid": "u"}
                annotations = document["metadata"].get("annotations") or {}
                body = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": meta, "spec": inside[kind]}
                yield pytest.param(body | {"metadata": meta | {"annotations": annotations}}, id=f"{path.name} {kind}")


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="SHOAL_KUBERAY_DIR is not set")
@pytest.mark.parametrize("body", list(samples()))
@pytest.mark.parametrize("profile", ["secure", "compat"])
def test_every_sample_makes_pods_that_hold_together(body: Json, profile: Any) -> None:
    cluster = made(body, Settings(profile=profile))
    spec = body["spec"]
    groups = {"headgroup": spec["headGroupSpec"]} | {
        group["groupName"]: group for group in spec.get("workerGroupSpecs", ())
    }
    pods = pods_of(cluster)
    assert pods.keys() == groups.keys()
    for name, pod in pods.items():
        assert list(broken(pod)) == []
        given = groups[name]["template"]["spec"]
        lost = {key for key in given if key not in pod["spec"]}
        assert lost == set()
        assert given["containers"][1:] == pod["spec"]["containers"][1 : len(given["containers"])] or profile == "secure"
        assert view(pod)["env"]["KUBERAY_GEN_RAY_START_CMD"].startswith("ray start ")
    if profile == "secure":
        asked = json.dumps(spec)
        if not any(
            word in asked
            for word in ("privileged", "hostPath", "SYS_PTRACE", "runAsUser", "runAsNonRoot", "Unconfined")
        ):
            assert [problem for pod in pods.values() for problem in complaints(pod["spec"])] == []
