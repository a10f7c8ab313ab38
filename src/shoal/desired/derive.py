"""The stage's entry: any spec of a cluster -> what must exist."""

from shoal.desired.cluster import DesiredCluster
from shoal.desired.from_clusterfile import from_clusterfile
from shoal.desired.from_raycluster import from_raycluster
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.raycluster import RayCluster


def desired(spec: RayCluster | ClusterFile) -> DesiredCluster:
    """What must exist for ``spec`` to be true. Expects a spec without findings of severity error."""
    return from_raycluster(spec) if isinstance(spec, RayCluster) else from_clusterfile(spec)
