"""The RayCluster itself: held until its cleanup is done, and let go."""

from typing import Any

from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import RAYCLUSTERS
from shoal.backends.kubernetes.work import Work
from shoal.plan.actions import EndIdle, HoldCluster, ReleaseCluster
from shoal.world.kubernetes import Resource


async def hold(work: Work, action: HoldCluster) -> None:
    """Put a finalizer on it."""
    await _set_finalizers(work, (*work.observed.resource.metadata.finalizers, action.hold))


async def release(work: Work, action: ReleaseCluster) -> None:
    """Take finalizers off it; those of others stay."""
    present = work.observed.resource.metadata.finalizers
    await _set_finalizers(work, tuple(name for name in present if name not in action.holds))


async def end_idle(work: Work, action: EndIdle) -> None:
    """Suspend it, in the field that Ray's autoscaler uses, or delete it."""
    if action.policy == "Suspend":
        await _change(work, {"spec": {"idleSuspend": True}})
        return
    held = work.cache.resources(work.namespace)
    await work.delete(RAYCLUSTERS, held, work.observed.resource.metadata.name)


async def _set_finalizers(work: Work, finalizers: tuple[str, ...]) -> None:
    await _change(work, {"metadata": {"finalizers": list(finalizers)}})


async def _change(work: Work, change: dict[str, dict[str, Any]]) -> None:
    """Raises Conflict when the RayCluster has changed meanwhile: what was decided may be wrong by now."""
    meta = work.observed.resource.metadata
    seen = {"resourceVersion": meta.resource_version}
    patch = {**change, "metadata": {**change.get("metadata", {}), **seen}}
    try:
        patched = await work.client.merge(RAYCLUSTERS, meta.namespace, meta.name, patch, Resource)
    except NotFound:
        return  # it is gone, as was wanted or as will be seen
    if not (patched.metadata.deletion_timestamp and not patched.metadata.finalizers):
        work.cache.resources(meta.namespace).wrote(patched)
