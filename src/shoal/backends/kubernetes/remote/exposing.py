"""What `shoal expose` has made of a cluster, as the API server keeps it: derived, put up, found again, taken away."""

from collections.abc import Mapping
from typing import Any

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.remote.head import head_of
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.resources import (
    GATEWAYS,
    HTTPROUTES,
    INGRESSES,
    NETWORKPOLICIES,
    RAYCLUSTERS,
    SERVICES,
    Resource,
    resource_of,
)
from shoal.backends.kubernetes.work import NameTaken
from shoal.desired.kubernetes.exposure import EXPOSURE, Entrance, exposure
from shoal.desired.kubernetes.gateways import Gateway
from shoal.errors import ClusterUnknown
from shoal.spec.images import ray_of
from shoal.spec.kubernetes.meta import LabelSelector, ObjectMeta
from shoal.spec.ray_version import asks_for_token
from shoal.spec.raycluster import RayCluster
from shoal.spec.wire import Wire
from shoal.world.kubernetes import CLUSTER

KINDS = (SERVICES, INGRESSES, HTTPROUTES, NETWORKPOLICIES)
Manifest = dict[str, Any]


class _Named(Wire, frozen=True):
    metadata: ObjectMeta


class _PolicySpec(Wire, frozen=True):
    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()


class _Policy(Wire, frozen=True):
    metadata: ObjectMeta
    spec: _PolicySpec = _PolicySpec()


async def exposing(client: Client, place: Place, name: str, entrance: Entrance, gateway: str) -> tuple[Manifest, ...]:
    """The manifests that expose a cluster as it runs now. gateway: ``[NAMESPACE/]NAME`` of one that is there, or "".

    They go with the RayCluster, which owns them. Raises ClusterUnknown, HeadNotRunning, DashboardUnprotected,
    DashboardUnencrypted, GatewayClosed, NotFound.
    """
    try:
        cluster = await client.get(RAYCLUSTERS, place.namespace, name, RayCluster)
    except NotFound as error:
        raise ClusterUnknown(name, ()) from error
    if gateway:
        where, _, plain = gateway.rpartition("/")
        found = await client.get(GATEWAYS, where or place.namespace, plain, Gateway)
        entrance = msgspec.structs.replace(entrance, gateway=found)
    head = await head_of(client, place.namespace, name)
    modes = {variable.name: variable.value for variable in head.ray.env}
    asks = asks_for_token(modes.get("RAY_AUTH_MODE"), cluster.spec.ray_version or ray_of(head.ray.image))
    policies = await client.list(NETWORKPOLICIES, _Policy, namespace=place.namespace)
    closed = any(_closes(policy, head.metadata.labels) for policy in policies.items)
    owner = {"apiVersion": RAYCLUSTERS.api_version, "kind": "RayCluster", "name": name, "uid": cluster.metadata.uid}
    added = {"namespace": place.namespace, "ownerReferences": [owner]}
    objects = exposure(cluster, entrance, asks_for_token=asks, is_closed=closed)
    return tuple(item.body | {"metadata": item.body["metadata"] | added} for item in objects)


async def put_up(client: Client, place: Place, name: str, manifests: tuple[Manifest, ...]) -> None:
    """Apply them, and take away what an earlier call has made and these have not. Raises NameTaken before anything."""
    for manifest in manifests:
        await _refuse_strangers(client, place, manifest)
    for manifest in manifests:
        await client.apply(resource_of(manifest), place.namespace, manifest["metadata"]["name"], manifest, dict)
    kept = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    await take_away(client, place, name, kept)


async def take_away(
    client: Client, place: Place, name: str, kept: set[tuple[str, str]] | frozenset[tuple[str, str]] = frozenset()
) -> tuple[str, ...]:
    """Delete what exposes a cluster, but for ``kept`` (kind and name): ``KIND/NAME`` of each that went."""
    gone = []
    for resource in KINDS:
        for meta in await _made(client, resource, place, name):
            if (resource.kind, meta.name) not in kept:
                await client.delete(resource, place.namespace, meta.name, uid=meta.uid)
                gone.append(f"{resource.kind}/{meta.name}")
    return tuple(gone)


async def _made(client: Client, resource: Resource, place: Place, name: str) -> list[ObjectMeta]:
    try:
        labels = f"{EXPOSURE}=true,{CLUSTER}={name}"
        listed = await client.list(resource, _Named, namespace=place.namespace, labels=labels)
    except NotFound:  # a server without the Gateway API
        return []
    return [item.metadata for item in listed.items]


async def _refuse_strangers(client: Client, place: Place, manifest: Manifest) -> None:
    kind, name = manifest["kind"], manifest["metadata"]["name"]
    try:
        found = await client.get(resource_of(manifest), place.namespace, name, _Named)
    except NotFound:
        return
    if EXPOSURE not in found.metadata.labels:
        raise NameTaken(
            f"there is already a {kind} {name!r} that `shoal expose` has not made",
            where=str(place),
            next_step="rename the cluster or remove that object",
        )


def _closes(policy: _Policy, labels: Mapping[str, str]) -> bool:
    """Whether it lets only those in to a pod with these labels whom a policy names."""
    spec = policy.spec
    is_ours = EXPOSURE in policy.metadata.labels
    return not is_ours and "Ingress" in (spec.policy_types or ("Ingress",)) and _selects(spec.pod_selector, labels)


def _selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for asked in selector.match_expressions:
        is_in = labels.get(asked.key) in asked.values if asked.values else asked.key in labels
        if is_in == (asked.operator in ("NotIn", "DoesNotExist")):
            return False
    return True
