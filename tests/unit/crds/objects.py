"""Objects to admit: one of each kind, and what the cases change in them."""

import copy
from pathlib import Path
from typing import Any

import yaml

POD = {"spec": {"containers": [{"name": "ray", "image": "rayproject/ray:2.60.0"}]}}
CLUSTER_SPEC = {
    "rayVersion": "2.60.0",
    "headGroupSpec": {"rayStartParams": {"num-cpus": "0"}, "template": POD},
    "workerGroupSpecs": [{"groupName": "small", "replicas": 1, "rayStartParams": {}, "template": POD}],
}
JOB_SPEC = {"entrypoint": "python a.py", "rayClusterSpec": CLUSTER_SPEC}
SPECS: dict[str, dict[str, Any]] = {
    "RayCluster": CLUSTER_SPEC,
    "RayJob": JOB_SPEC,
    "RayService": {"serveConfigV2": "applications: []", "rayClusterConfig": CLUSTER_SPEC},
    "RayCronJob": {"schedule": "0 * * * *", "jobTemplate": JOB_SPEC},
}
CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "cases/crds/admission.yaml").read_text())


def base(kind: str) -> dict[str, Any]:
    """A right object of a kind."""
    return copy.deepcopy({"apiVersion": "ray.io/v1", "kind": kind, "metadata": {"name": "a"}, "spec": SPECS[kind]})


def changed(kind: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The base object with values set at dotted paths; None removes."""
    whole = base(kind)
    for path, value in changes.items():
        put(whole, path.split("."), value)
    return whole


def put(tree: Any, steps: list[str], value: Any) -> None:
    """Set what ``steps`` lead to."""
    for step in steps[:-1]:
        tree = tree[int(step)] if isinstance(tree, list) else tree.setdefault(step, {})
    if value is None:
        del tree[steps[-1]]
    else:
        tree[steps[-1]] = value
