"""Which backend a spec, or a cluster that exists, is run by. Nothing above this module names one.

Where a cluster lives is said with its name, or remembered from the last time: docs/decisions/0008.
"""

import sys
from typing import TYPE_CHECKING

from shoal.backends.base import Backend
from shoal.backends.local import backend as local
from shoal.backends.local import paths
from shoal.errors import InputError
from shoal.runtime.address import Address
from shoal.spec.clusterfile import ClusterFile
from shoal.spec.provider import THIS_MACHINE, LocalProvider, provider_type

if TYPE_CHECKING:  # what a verb about a cluster that exists has no need to load
    from shoal.backends.kubernetes.remote.backend import KubernetesBackend
    from shoal.backends.kubernetes.remote.places import Place
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
    """Whether the spec may mean processes on this machine."""
    file = spec.document.spec
    if not isinstance(file, ClusterFile):
        return True
    provider = file.provider
    if not isinstance(provider, LocalProvider) or provider.coordinator_address:
        return False
    return {provider.head_ip, *provider.worker_ips} <= THIS_MACHINE


def backend_for(spec: "ClusterSpec", demanded_ports: dict[str, int], address: Address) -> Backend:
    """The backend that is to run ``spec``: where ``address`` says, else where its cluster lives, else this machine.

    Raises ProviderNotSupported, NotForKubernetes, NamespaceDiffers, SeveralPlaces, and what reading a kubeconfig does.
    """
    place = _place_for(spec, address)
    if place is not None:
        from shoal.backends.kubernetes.remote.manifests import manifest_of

        return _on_kubernetes(place, manifest_of(spec.document, place, spec.parsed.source))
    if not runs_here(spec):
        raise _not_supported(spec)
    return local.LocalBackend(demanded_ports)


def backend_of(address: Address) -> Backend:
    """The backend that runs the cluster at ``address``, or would if there is none yet.

    Raises SeveralPlaces, and what reading a kubeconfig does.
    """
    place = _place(address)
    return local.LocalBackend() if place is None else _on_kubernetes(place)


def on_kubernetes(address: Address) -> "KubernetesBackend":
    """The backend of a cluster that lives there. Raises NotOnKubernetes, and what ``backend_of`` does."""
    place = _place(address)
    if place is None:
        from shoal.backends.kubernetes.remote.errors import NotOnKubernetes

        step = "with --context C, say where it is"
        raise NotOnKubernetes(f"no cluster {address.name!r} is known on Kubernetes", next_step=step)
    return _on_kubernetes(place)


def kubernetes(address: Address) -> "KubernetesBackend":
    """The namespace that ``address`` names, of the current context if it names none."""
    from shoal.backends.kubernetes.remote.connection import place_of

    return _on_kubernetes(place_of(address.context or "", address.namespace))


def remembered() -> "tuple[tuple[str, KubernetesBackend], ...]":
    """Every cluster on Kubernetes of which it is remembered where it lives, sorted by name."""
    from shoal.backends.kubernetes.remote import places

    notes = places.remembered()
    backends = {place: _on_kubernetes(place) for _, place in notes}
    return tuple((name, backends[place]) for name, place in notes)


def is_on_kubernetes(address: Address) -> bool:
    """Whether the cluster at ``address`` lives there, or would. Raises SeveralPlaces, and what ``backend_of`` does."""
    return _place(address) is not None


def forget(name: str, context: str, namespace: str) -> None:
    """Remember no longer that the cluster of that name lives there."""
    from shoal.backends.kubernetes.remote import places

    for place in places.places_of(name):
        if (place.context, place.namespace) == (context, namespace):
            places.forget(name, place)


def known_here() -> tuple[str, ...]:
    """Names of all clusters on this machine of which anything is left, sorted."""
    return paths.known_clusters()


def known_clusters() -> tuple[str, ...]:
    """Names of all clusters whose name alone is enough, sorted."""
    from shoal.backends.kubernetes.remote import places

    return tuple(sorted({*paths.known_clusters(), *(name for name, _ in places.remembered())}))


def _place(address: Address) -> "Place | None":
    """Where on Kubernetes; None for this machine."""
    if address.says_where:
        return None if address.context == "" and not address.namespace else kubernetes(address).place
    from shoal.backends.kubernetes.remote.errors import SeveralPlaces
    from shoal.backends.kubernetes.remote.places import places_of

    found = places_of(address.name)
    here = ("this machine",) if address.name in paths.known_clusters() else ()
    if len(found) + len(here) > 1:
        told = "; ".join((*here, *map(str, found)))
        step = "say which: --context C --namespace N, or --context '' for this machine"
        raise SeveralPlaces(f"there are several clusters {address.name!r}: {told}", next_step=step)
    return found[0] if found else None


def _place_for(spec: "ClusterSpec", address: Address) -> "Place | None":
    if address.context == "":
        return None
    written = _namespace(spec)
    if address.namespace and written and address.namespace != written:
        from shoal.backends.kubernetes.remote.errors import NamespaceDiffers

        raise NamespaceDiffers(
            f"it says namespace {written!r}, and --namespace is {address.namespace!r}",
            where=spec.parsed.source,
            next_step="leave out --namespace, or change metadata.namespace",
        )
    return _place(address._replace(namespace=address.namespace or (written if address.says_where else "")))


def _namespace(spec: "ClusterSpec") -> str:
    file = spec.document.spec
    return "" if isinstance(file, ClusterFile) else str(getattr(getattr(file, "metadata", None), "namespace", ""))


def _on_kubernetes(place: "Place", manifest: "dict[str, object] | None" = None) -> "KubernetesBackend":
    try:
        from shoal.backends.kubernetes.remote.backend import KubernetesBackend
    except ModuleNotFoundError as error:
        if error.name not in ("aiohttp", "yarl", "multidict"):
            raise
        from shoal.backends.kubernetes.remote.errors import KubernetesNotInstalled

        step = "pip install 'shoal[kubernetes]'"
        raise KubernetesNotInstalled("what speaks to Kubernetes is not installed", next_step=step) from error
    return KubernetesBackend(place, manifest, _tell)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _not_supported(spec: "ClusterSpec") -> ProviderNotSupported:
    file = spec.document.spec
    kind = provider_type(file.provider) if isinstance(file, ClusterFile) else ""
    what = (
        "hosts reached by ssh are not supported yet" if kind == "local" else f"provider {kind!r} is not supported yet"
    )
    step = "`shoal plan` and `shoal check` work on it; `shoal convert` turns it into a RayCluster that runs here"
    mark = spec.document.node.nearest(("provider", "type")).mark
    return ProviderNotSupported(what, where=f"{spec.parsed.source}:{mark.line}:{mark.column}", next_step=step)
