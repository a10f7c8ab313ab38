"""Which backend a spec, or a cluster that exists, is run by. Nothing above this module names one."""

from typing import TYPE_CHECKING

from shoal.backends.base import Backend
from shoal.backends.local import backend as local
from shoal.backends.local import paths
from shoal.errors import InputError
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.provider import THIS_MACHINE, LocalProvider, provider_type

if TYPE_CHECKING:  # what a verb about a cluster that exists has no need to load
    from shoal.runtime.spec_file import ClusterSpec


class ProviderNotSupported(InputError):
    """The file is sound, and Shoal can lint and plan it, but not yet run it: its machines are reached by a backend that
    does not exist yet.

    Today `up` runs RayCluster manifests, and cluster.yaml files with `provider: {type: local}` for this machine. Use
    `shoal convert FILE` to turn the file into a RayCluster and run that here or hand it to KubeRay; `ray up` runs the
    file as it is.
    """

    code = "E113"


def runs_here(spec: "ClusterSpec") -> bool:
    """Whether the spec means processes on this machine."""
    file = spec.document.spec
    if not isinstance(file, ClusterFile):
        return True
    provider = file.provider
    if not isinstance(provider, LocalProvider) or provider.coordinator_address:
        return False
    return {provider.head_ip, *provider.worker_ips} <= THIS_MACHINE


def backend_for(spec: "ClusterSpec", demanded_ports: dict[str, int]) -> Backend:
    """The backend that ``spec`` asks for. Raises ProviderNotSupported."""
    if not runs_here(spec):
        raise _not_supported(spec)
    return local.LocalBackend(demanded_ports)


def backend_of(name: str) -> Backend:
    """The backend that runs the cluster called ``name``, or would if there is none yet."""
    return local.LocalBackend()


def known_clusters() -> tuple[str, ...]:
    """Names of all clusters of which anything is left, sorted."""
    return paths.known_clusters()


def _not_supported(spec: "ClusterSpec") -> ProviderNotSupported:
    file = spec.document.spec
    kind = provider_type(file.provider) if isinstance(file, ClusterFile) else ""
    what = (
        "hosts reached by ssh are not supported yet" if kind == "local" else f"provider {kind!r} is not supported yet"
    )
    step = "`shoal plan` and `shoal check` work on it; `shoal convert` turns it into a RayCluster that runs here"
    mark = spec.document.node.nearest(("provider", "type")).mark
    return ProviderNotSupported(what, where=f"{spec.parsed.source}:{mark.line}:{mark.column}", next_step=step)
