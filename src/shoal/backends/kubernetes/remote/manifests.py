"""A document of a file as the manifest that is applied: as it is written, in the namespace that was meant."""

from typing import Any

from shoal.backends.kubernetes.remote.errors import NotForKubernetes
from shoal.backends.kubernetes.remote.places import Place
from shoal.spec.parsed import Document
from shoal.spec.raycluster import RayCluster

MADE_THERE = frozenset(("creationTimestamp", "resourceVersion", "uid", "generation", "managedFields"))


def manifest_of(document: Document, place: Place, source: str) -> dict[str, Any]:
    """The whole of it, unknown fields too, but for a status. Raises NotForKubernetes."""
    if not isinstance(document.spec, RayCluster):
        mark = document.node.mark
        raise NotForKubernetes(
            "Kubernetes takes a RayCluster, and this is a cluster.yaml",
            where=f"{source}:{mark.line}:{mark.column}",
            next_step=f"`shoal convert {source}` makes a RayCluster of it",
        )
    manifest = as_asked(document.node.plain())
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": place.namespace}}


def as_asked(manifest: dict[str, Any]) -> dict[str, Any]:
    """An object without its status and what the API server itself writes into its metadata."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in MADE_THERE}
    kept = {key: value for key, value in manifest.items() if key != "status"}
    return {**kept, "metadata": metadata}
