"""What `shoal expose` makes of a cluster as it runs now, and what nobody can vouch for."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.remote.entrances import controller_of, has_secret, has_timeouts, is_closed
from shoal.backends.kubernetes.remote.head import RayPod, head_of
from shoal.backends.kubernetes.remote.places import Place
from shoal.backends.kubernetes.resources import GATEWAYS, RAYCLUSTERS
from shoal.desired.kubernetes.entrance import Entrance, Seen, doubts
from shoal.desired.kubernetes.exposure import DashboardUnprotected, exposure
from shoal.desired.kubernetes.gateways import Gateway
from shoal.errors import ClusterUnknown
from shoal.spec.images import ray_of
from shoal.spec.ray_version import asks_for_token
from shoal.spec.raycluster import RayCluster

Knock = Callable[[RayPod], Awaitable[int]]
"""How a head's dashboard answers who brings no token: the HTTP status."""


class Exposing(msgspec.Struct, frozen=True):
    """manifests: to apply. doubts: what a person should look at, a line each."""

    manifests: tuple[dict[str, Any], ...]
    doubts: tuple[str, ...] = ()


async def exposing(client: Client, place: Place, name: str, entrance: Entrance, gateway: str, knock: Knock) -> Exposing:
    """What exposes a cluster as it runs now. gateway: ``[NAMESPACE/]NAME`` of one that is there, or "".

    The manifests go with the RayCluster, which owns them. Raises ClusterUnknown, HeadNotRunning, DashboardUnreachable,
    DashboardUnprotected, DashboardUnencrypted, GatewayClosed, NotFound.
    """
    try:
        cluster = await client.get(RAYCLUSTERS, place.namespace, name, RayCluster)
    except NotFound as error:
        raise ClusterUnknown(name, (), str(place), place.listing) from error
    if gateway:
        where, _, plain = gateway.rpartition("/")
        found = await client.get(GATEWAYS, where or place.namespace, plain, Gateway)
        entrance = msgspec.structs.replace(entrance, gateway=found)
    head = await head_of(client, place.namespace, name)
    seen = await _seen(client, place, cluster, head, entrance)
    objects = exposure(cluster, entrance, seen)
    await _expect_refusal(knock, name, head)
    owner = {"apiVersion": RAYCLUSTERS.api_version, "kind": "RayCluster", "name": name, "uid": cluster.metadata.uid}
    added = {"namespace": place.namespace, "ownerReferences": [owner]}
    manifests = tuple(item.body | {"metadata": item.body["metadata"] | added} for item in objects)
    return Exposing(manifests, tuple(doubts(entrance, seen)))


async def _seen(client: Client, place: Place, cluster: RayCluster, head: RayPod, entrance: Entrance) -> Seen:
    modes = {variable.name: variable.value for variable in head.ray.env}
    # What runs is the image, whatever rayVersion says.
    version = ray_of(head.ray.image) or cluster.spec.ray_version
    seen = Seen(
        asks_for_token=asks_for_token(modes.get("RAY_AUTH_MODE"), version),
        ray_version=version,
        is_closed=await is_closed(client, place.namespace, head.metadata.labels),
    )
    if entrance.gateway is not None:
        return msgspec.structs.replace(seen, has_timeouts=await has_timeouts(client))
    return msgspec.structs.replace(
        seen,
        controller=await controller_of(client, entrance.ingress_class),
        has_secret=await has_secret(client, place.namespace, entrance.tls_secret) if entrance.tls_secret else None,
    )


async def _expect_refusal(knock: Knock, name: str, head: RayPod) -> None:
    """A setting that a pod has says what was meant; its answer says what is."""
    status = await knock(head)
    if status not in (401, 403):
        raise DashboardUnprotected(
            f"the dashboard of {name} should ask for a token, and answers {status} to who has none",
            next_step=f"see that {head.ray.image or 'its image'} has Ray 2.52 or newer",
        )
