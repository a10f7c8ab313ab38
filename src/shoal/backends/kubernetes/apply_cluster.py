"""The RayCluster itself: held until its cleanup is done, and let go."""

from shoal.backends.kubernetes.errors import NotFound
from shoal.backends.kubernetes.resources import RAYCLUSTERS
from shoal.backends.kubernetes.work import Work
from shoal.plan.actions import HoldCluster, ReleaseCluster
from shoal.world.kubernetes import Resource


async def hold(work: Work, action: HoldCluster) -> None:
    """Put a finalizer on it."""
    await _set_finalizers(work, (*work.observed.resource.metadata.finalizers, action.hold))


async def release(work: Work, action: ReleaseCluster) -> None:
    """Take finalizers off it; those of others stay."""
    present = work.observed.resource.metadata.finalizers
    await _set_finalizers(work, tuple(name for name in present if name not in action.holds))


async def _set_finalizers(work: Work, finalizers: tuple[str, ...]) -> None:
    """Raises Conflict when the RayCluster has changed meanwhile: somebody else may have put one on it."""
    meta = work.observed.resource.metadata
    patch = {"metadata": {"resourceVersion": meta.resource_version, "finalizers": list(finalizers)}}
    try:
        patched = await work.client.merge(RAYCLUSTERS, meta.namespace, meta.name, patch, Resource)
    except NotFound:
        return  # it is gone, as was wanted or as will be seen
    if patched.metadata.finalizers:
        work.cache.resources(meta.namespace).wrote(patched)
