"""Events: what the operator decided, where `kubectl describe` shows it."""

import hashlib
from typing import Any

from shoal.backends.kubernetes.client import Client, Ignored
from shoal.backends.kubernetes.errors import AlreadyExists
from shoal.backends.kubernetes.resources import EVENTS, RAYCLUSTERS
from shoal.plan.tell import Notice
from shoal.world.kubernetes import Resource

SOURCE = "shoal-operator"
LONGEST_MESSAGE = 1024


async def tell(client: Client, about: Resource, notice: Notice, now: str) -> None:
    """Record ``notice``. Its name follows from what it says: telling it twice leaves one Event. now: RFC 3339."""
    body = manifest(about, notice, now)
    try:
        await client.create(EVENTS, about.metadata.namespace, body, Ignored)
    except AlreadyExists:
        return


def manifest(about: Resource, notice: Notice, now: str) -> dict[str, Any]:
    """The Event. now: RFC 3339."""
    meta = about.metadata
    said = f"{meta.uid}/{meta.generation}/{notice.reason}/{notice.message}"
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {
            "name": f"{meta.name}.{hashlib.sha256(said.encode()).hexdigest()[:16]}",
            "namespace": meta.namespace,
        },
        "involvedObject": {
            "apiVersion": RAYCLUSTERS.api_version,
            "kind": RAYCLUSTERS.kind,
            "name": meta.name,
            "namespace": meta.namespace,
            "uid": meta.uid,
            "resourceVersion": meta.resource_version,
        },
        "type": notice.type,
        "reason": notice.reason,
        "message": notice.message[:LONGEST_MESSAGE],
        "source": {"component": SOURCE},
        "reportingComponent": SOURCE,
        "count": 1,
        "firstTimestamp": now,
        "lastTimestamp": now,
    }
