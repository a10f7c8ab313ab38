"""Which of several operators is at work: one holds a Lease, and stops writing before it may have run out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from shoal.backends.kubernetes.operators import Lease, LeaseSpec
from shoal.errors import ActionFailed

RENEW_EVERY_S = 5.0
MARGIN_S = 2.0
"""Between our last write and the moment at which another may begin, by our clock: for clocks that differ in speed."""


class LeaseLost(ActionFailed):
    """The operator could not renew its Lease in time, so another may be at work by now.

    It has stopped writing before that, and ends; its Deployment starts it anew and it waits for its turn. Look at the
    API server, or at the network between, when this happens again and again.
    """

    code = "E720"


class Sight(msgspec.Struct, frozen=True):
    """A Lease as it was first seen, at ``at_s`` of our own monotonic clock: two clocks are never compared."""

    lease: Lease
    at_s: float


def seen(before: Sight | None, lease: Lease, now_s: float) -> Sight:
    """The sight to judge by: a new one only if the holder has done something since the last."""
    if before is not None and before.lease.spec == lease.spec:
        return before
    return Sight(lease, now_s)


def is_free(sight: Sight, identity: str, now_s: float) -> bool:
    """Whether we may take it: it is ours, was given back, or its holder has been silent for as long as it lasts."""
    spec = sight.lease.spec
    return spec.holder_identity in ("", identity) or now_s >= sight.at_s + spec.lease_duration_seconds


def held(
    lease: Lease | None, name: str, namespace: str, identity: str, now: datetime, notes: Mapping[str, str]
) -> dict[str, Any]:
    """The manifest by which ``identity`` takes or keeps the lease. notes: annotations, for those who look at it."""
    before = lease.spec if lease else LeaseSpec()
    ours = lease is not None and before.holder_identity == identity
    spec = LeaseSpec(
        holder_identity=identity,
        acquire_time=before.acquire_time if ours else _micro(now),
        renew_time=_micro(now),
        lease_transitions=before.lease_transitions + (lease is not None and not ours),
    )
    return _manifest(spec, name, namespace, lease, notes)


def given_back(lease: Lease, now: datetime) -> dict[str, Any]:
    """The manifest by which its holder lets go of it, so that the next need not wait."""
    spec = msgspec.structs.replace(lease.spec, holder_identity="", renew_time=_micro(now))
    meta = lease.metadata
    return _manifest(spec, meta.name, meta.namespace, lease, meta.annotations)


def _manifest(
    spec: LeaseSpec, name: str, namespace: str, lease: Lease | None, notes: Mapping[str, str]
) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "namespace": namespace, "annotations": dict(notes)}
    if lease is not None:
        meta["resourceVersion"] = lease.metadata.resource_version
    body = {key: value for key, value in msgspec.to_builtins(spec).items() if value is not None}
    body["leaseDurationSeconds"] = spec.lease_duration_seconds
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": body}


def _micro(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
