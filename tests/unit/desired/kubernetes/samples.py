"""The RayClusters of a folder of manifests: its own, and those that its RayJobs and RayServices stand for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from shoal.desired.kubernetes.labels import FROM_KIND, FROM_NAME

Json = dict[str, Any]
INSIDE = {"RayCluster": "", "RayJob": "rayClusterSpec", "RayService": "rayClusterConfig"}
"""Where the cluster's spec is within the ``spec`` of each kind."""


def rayclusters(folder: Path) -> dict[str, Json]:
    """By the name of their file, which is theirs too, so that no two have one name. ``generateName`` isn't kept."""
    return {path.name: _named(body, path) for path in sorted(folder.glob("*.yaml")) for body in _clusters(path)}


def _clusters(path: Path) -> Iterator[Json]:
    for document in yaml.safe_load_all(path.read_text()):
        kind = (document or {}).get("kind")
        if kind not in INSIDE:
            continue
        key, meta = INSIDE[kind], document["metadata"]
        spec = document["spec"].get(key) if key else document["spec"]
        if spec is None:
            continue
        # As KubeRay's operator labels the cluster that it makes for another kind.
        labels = {FROM_KIND: kind, FROM_NAME: meta.get("name", path.stem)} if key else {}
        kept = {name: value for name, value in meta.items() if name == "annotations"}
        metadata = kept | {"labels": (meta.get("labels") or {}) | labels}
        yield {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": metadata, "spec": spec}


def _named(body: Json, path: Path) -> Json:
    name = path.stem.replace(".", "-")
    head = body["spec"]["headGroupSpec"]
    service = head.get("headService") or {}
    if (service.get("metadata") or {}).get("name"):
        service = service | {"metadata": service["metadata"] | {"name": f"{name}-own-name"}}
        head = head | {"headService": service}
    return body | {"metadata": body["metadata"] | {"name": name}, "spec": body["spec"] | {"headGroupSpec": head}}
