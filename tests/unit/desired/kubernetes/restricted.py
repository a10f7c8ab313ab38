"""Pod Security `restricted` (Kubernetes 1.25 and later), as far as pods of Ray can break it."""

from collections.abc import Iterator
from typing import Any

VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}


def complaints(spec: dict[str, Any]) -> list[str]:
    """Why a namespace that enforces it would refuse a pod with this ``spec``."""
    pod = spec.get("securityContext") or {}
    found = [f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    for volume in spec.get("volumes", ()):
        found += [f"volume of type {kind}" for kind in volume.keys() - VOLUMES - {"name"}]
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        found += [f"{container['name']}: {problem}" for problem in _of_container(container, pod)]
    return found


def _of_container(container: dict[str, Any], pod: dict[str, Any]) -> Iterator[str]:
    own = container.get("securityContext") or {}
    if own.get("privileged"):
        yield "privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may gain rights"
    capabilities = own.get("capabilities") or {}
    if "ALL" not in (capabilities.get("drop") or ()):
        yield "keeps capabilities"
    if set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
        yield "adds capabilities"
    if not own.get("runAsNonRoot", pod.get("runAsNonRoot")):
        yield "may run as root"
    if own.get("runAsUser", pod.get("runAsUser")) == 0:
        yield "runs as root"
    seccomp = own.get("seccompProfile") or pod.get("seccompProfile") or {}
    if seccomp.get("type") not in ("RuntimeDefault", "Localhost"):
        yield "has no seccomp profile"
    if any(port.get("hostPort") for port in container.get("ports") or ()):
        yield "has a port of the host"
