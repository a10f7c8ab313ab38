"""Which backend a spec runs on."""

from shoal.backends.base import Backend
from shoal.backends.local.backend import LocalBackend
from shoal.backends.local.preflight import check_host
from shoal.errors import InputError
from shoal.runtime.spec_file import ClusterSpec
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.provider import LocalProvider, provider_type

THIS_MACHINE = frozenset(["", "localhost", "127.0.0.1", "::1"])


class ProviderNotSupported(InputError):
    """The file is sound, and Shoal can lint and plan it, but not yet run it: its machines are reached by a backend that
    does not exist yet.

    Today `up` runs RayCluster manifests, and cluster.yaml files with `provider: {type: local}` for this machine. Use
    `shoal convert FILE` to turn the file into a RayCluster and run that here or hand it to KubeRay; `ray up` runs the
    file as it is.
    """

    code = "E113"


def runs_here(spec: ClusterSpec) -> bool:
    """Whether the spec means processes on this machine."""
    file = spec.document.spec
    if not isinstance(file, ClusterFile):
        return True
    provider = file.provider
    if not isinstance(provider, LocalProvider) or provider.coordinator_address:
        return False
    return {provider.head_ip, *provider.worker_ips} <= THIS_MACHINE


def backend_for(spec: ClusterSpec, demanded_ports: dict[str, int]) -> Backend:
    """A backend that is able to run ``spec`` now. Raises ProviderNotSupported, and what stands against it here."""
    if not runs_here(spec):
        raise _not_supported(spec)
    check_host(spec.desired)
    return LocalBackend(demanded_ports)


def _not_supported(spec: ClusterSpec) -> ProviderNotSupported:
    file = spec.document.spec
    kind = provider_type(file.provider) if isinstance(file, ClusterFile) else ""
    what = (
        "hosts reached by ssh are not supported yet" if kind == "local" else f"provider {kind!r} is not supported yet"
    )
    step = "`shoal plan` and `shoal check` work on it; `shoal convert` turns it into a RayCluster that runs here"
    mark = spec.document.node.nearest(("provider", "type")).mark
    return ProviderNotSupported(what, where=f"{spec.parsed.source}:{mark.line}:{mark.column}", next_step=step)
