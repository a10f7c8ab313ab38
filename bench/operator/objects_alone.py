"""How fast the machine makes an operator's objects when nobody has to decide on them."""

import asyncio
import contextlib
import json
import time
from typing import Any, NamedTuple

from bench.operator.clusters import MADE, NAMESPACE, Clusters, Seen, raycluster, side_by_side
from shoal.backends.kubernetes.client import Ignored
from shoal.backends.kubernetes.remote.manifests import as_asked
from shoal.backends.kubernetes.resources import PODS, RAYCLUSTERS, Resource
from shoal.desired.kubernetes.labels import CLUSTER

NAME = "the-one"
"""Of the cluster whose objects are copied: no other word in them."""


class Recorded(NamedTuple):
    """One cluster as it was made: the kinds of its objects with their bodies as JSON, and its status."""

    objects: tuple[tuple[Resource, str], ...]
    status: dict[str, Any]
    uid: str

    def renamed(self, name: str, uid: str) -> list[tuple[Resource, dict[str, Any]]]:
        """The same objects of another cluster."""
        return [(kind, json.loads(body.replace(NAME, name).replace(self.uid, uid))) for kind, body in self.objects]

    @property
    def pods(self) -> int:
        """How many of the objects are pods."""
        return sum(resource is PODS for resource, _ in self.objects)


async def recorded(clusters: Clusters, workers: int) -> Recorded:
    """Have one cluster made by the operator that runs, and note what it is made of."""
    await clusters.until_ready([raycluster(NAME, workers)], within_s=60)
    cluster = await clusters.client.get(RAYCLUSTERS, NAMESPACE, NAME, dict[str, Any])
    uid = cluster["metadata"]["uid"]
    objects: list[tuple[Resource, str]] = []
    for resource in MADE:
        listed = await clusters.client.list(resource, dict[str, Any], namespace=NAMESPACE)
        owned = (body for body in listed.items if _is_owned(body, uid))
        objects += ((resource, json.dumps(_asked(resource, body))) for body in owned)
    return Recorded(tuple(objects), cluster["status"], uid)


async def alone(clusters: Clusters, one: Recorded, count: int, workers: int) -> float:
    """Seconds from the first of ``count`` RayClusters to the last one's status, written when its pods are Ready."""
    version = (await clusters.client.list(PODS, Ignored, namespace=NAMESPACE)).version
    began = time.monotonic()
    telling = asyncio.create_task(_tell(clusters, one, count, version))

    async def make(body: dict[str, Any]) -> None:
        name = body["metadata"]["name"]
        made = await clusters.client.create(RAYCLUSTERS, NAMESPACE, body, Seen)
        asked = one.renamed(name, made.metadata.uid)
        await asyncio.gather(*(clusters.client.create(kind, NAMESPACE, each, Ignored) for kind, each in asked))

    await side_by_side(make, [raycluster(f"rc-{number}", workers) for number in range(count)])
    await telling
    return time.monotonic() - began


async def _tell(clusters: Clusters, one: Recorded, count: int, version: str) -> None:
    """Write each cluster's status once its pods are Ready."""
    waits_for = dict.fromkeys((f"rc-{number}" for number in range(count)), one.pods)
    seen: set[str] = set()

    async def write(cluster: str) -> None:
        patch = {"status": one.status}
        await clusters.client.merge(RAYCLUSTERS, NAMESPACE, cluster, patch, Ignored, subresource="status")

    async with asyncio.TaskGroup() as writing, contextlib.aclosing(clusters.changes(PODS, version)) as changes:
        async for pod in changes:
            cluster = pod.metadata.labels.get(CLUSTER, "")
            if not pod.is_ready or pod.metadata.name in seen or cluster not in waits_for:
                continue
            seen.add(pod.metadata.name)
            waits_for[cluster] -= 1
            if not waits_for[cluster]:
                writing.create_task(write(cluster))
                del waits_for[cluster]
            if not waits_for:
                return


def _is_owned(body: dict[str, Any], uid: str) -> bool:
    return any(owner["uid"] == uid for owner in body["metadata"].get("ownerReferences", ()))


def _asked(resource: Resource, body: dict[str, Any]) -> dict[str, Any]:
    """A stored object as whoever made it may have asked for it."""
    asked = as_asked(body) | {"apiVersion": resource.api_version, "kind": resource.kind}
    if resource is PODS:
        asked["spec"] = {key: value for key, value in body["spec"].items() if key != "nodeName"}
    return asked
