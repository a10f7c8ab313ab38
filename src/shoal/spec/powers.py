"""What a manifest asks for that its author may not be allowed: whoever makes a RayCluster need not be allowed to make
such pods. Every control of the Pod Security standard ``restricted`` is here, and what it leaves out."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from shoal.findings import Path

PLAIN_ACCOUNT = "default"
_PLAIN_VOLUMES = "configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret"
PLAIN_VOLUMES = frozenset(_PLAIN_VOLUMES.split())
PLAIN_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    )
)
PLAIN_SELINUX_TYPES = frozenset(("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"))
PLAIN_CAPABILITIES = frozenset(("NET_BIND_SERVICE",))
PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
UNCONFINED = "Unconfined"
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"
SNIPPET = "-snippet"
"""How the annotations end by which an Ingress hands its controller code to run."""
_OF_PODS = ("service-account", "host-namespaces", "host-path", "privileged", "capabilities")
JUDGED = frozenset((*_OF_PODS, "patch-pods", "external-ips", "ingress-snippets"))
"""Powers over more than the cluster's own pods. The others are Pod Security's to judge, which sees the pods."""
RESIZES_IN_PLACE = "ray.io/ippr"
"""The annotation by which Ray's autoscaler resizes pods: its account may then change every pod of the namespace."""


class Power(msgspec.Struct, frozen=True):
    """One thing asked for. name: of the kind, stable, as ``host-path``. subject: which, as ``/var/log``; may be "".
    path: where it stands, from the cluster's spec; of an annotation ``("metadata", "annotations", KEY)``."""

    name: str
    subject: str
    path: Path


def powers(raw: Mapping[str, Any], annotations: Mapping[str, str]) -> tuple[Power, ...]:
    """Everything that the spec of a RayCluster asks for beyond an ordinary pod, in the order of the text.

    raw: the spec as plain JSON, of the right types where our own types know them. annotations: of the RayCluster.
    """
    return tuple(_powers(raw, annotations))


def _powers(raw: Mapping[str, Any], annotations: Mapping[str, str]) -> Iterator[Power]:
    head = raw.get("headGroupSpec") or {}
    yield from _of_template(head.get("template") or {}, ("headGroupSpec", "template"))
    service = (head.get("headService") or {}).get("spec") or {}
    for index, address in enumerate(service.get("externalIPs") or ()):
        yield Power("external-ips", address, ("headGroupSpec", "headService", "spec", "externalIPs", index))
    for index, group in enumerate(raw.get("workerGroupSpecs") or ()):
        yield from _of_template(group.get("template") or {}, ("workerGroupSpecs", index, "template"))
    autoscaler = (raw.get("autoscalerOptions") or {}).get("securityContext") or {}
    yield from _of_context(autoscaler, ("autoscalerOptions", "securityContext"))
    if raw.get("enableInTreeAutoscaling") and RESIZES_IN_PLACE in annotations:
        yield Power("patch-pods", "", ("metadata", "annotations", RESIZES_IN_PLACE))
    if head.get("enableIngress"):
        for key in annotations:
            if key.endswith(SNIPPET):
                yield Power("ingress-snippets", key, ("metadata", "annotations", key))


def _of_template(template: Mapping[str, Any], path: Path) -> Iterator[Power]:
    for key, value in ((template.get("metadata") or {}).get("annotations") or {}).items():
        if key.startswith(APPARMOR_ANNOTATION) and value == UNCONFINED.lower():
            yield Power("apparmor", value, (*path, "metadata", "annotations", key))
    pod, path = template.get("spec") or {}, (*path, "spec")
    for key in ("serviceAccountName", "serviceAccount"):
        if pod.get(key, "") not in ("", PLAIN_ACCOUNT):
            yield Power("service-account", pod[key], (*path, key))
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield Power("host-namespaces", key, (*path, key))
    if pod.get("nodeName"):
        yield Power("node-name", pod["nodeName"], (*path, "nodeName"))
    yield from _of_context(pod.get("securityContext") or {}, (*path, "securityContext"))
    for index, volume in enumerate(pod.get("volumes") or ()):
        yield from _of_volume(volume, (*path, "volumes", index))
    for key in CONTAINERS:
        for index, container in enumerate(pod.get(key) or ()):
            yield from _of_container(container, (*path, key, index))


def _of_volume(volume: Mapping[str, Any], path: Path) -> Iterator[Power]:
    for key, source in volume.items():
        if key == "name" or source is None:
            continue
        if key == "hostPath":
            yield Power("host-path", source.get("path", ""), (*path, key))
        elif key not in PLAIN_VOLUMES:
            yield Power("volume-types", key, (*path, key))
    for index, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
        if source.get("serviceAccountToken") is not None:
            audience = source["serviceAccountToken"].get("audience") or ""
            yield Power("service-account-token", audience, (*path, "projected", "sources", index))


def _of_container(container: Mapping[str, Any], path: Path) -> Iterator[Power]:
    yield from _of_context(container.get("securityContext") or {}, (*path, "securityContext"))
    for index, port in enumerate(container.get("ports") or ()):
        if port.get("hostPort"):
            yield Power("host-ports", str(port["hostPort"]), (*path, "ports", index, "hostPort"))
    hooks = container.get("lifecycle") or {}
    reached: list[tuple[Path, Any]] = [((key,), container.get(key)) for key in PROBES]
    reached += [(("lifecycle", key), hooks.get(key)) for key in ("postStart", "preStop")]
    for at, handler in reached:
        for kind in ("httpGet", "tcpSocket"):
            host = ((handler or {}).get(kind) or {}).get("host")
            if host:
                yield Power("host-probes", host, (*path, *at, kind, "host"))


def _of_context(context: Mapping[str, Any], path: Path) -> Iterator[Power]:
    """Of a pod's or a container's ``securityContext``: each has some of these fields."""
    if context.get("privileged"):
        yield Power("privileged", "", (*path, "privileged"))
    if context.get("allowPrivilegeEscalation"):
        yield Power("privilege-escalation", "", (*path, "allowPrivilegeEscalation"))
    if context.get("runAsUser") == 0:
        yield Power("root", "", (*path, "runAsUser"))
    if context.get("runAsNonRoot") is False:
        yield Power("root", "", (*path, "runAsNonRoot"))
    if context.get("procMount") not in (None, "", "Default"):
        yield Power("proc-mount", context["procMount"], (*path, "procMount"))
    for index, added in enumerate((context.get("capabilities") or {}).get("add") or ()):
        if added not in PLAIN_CAPABILITIES:
            yield Power("capabilities", added, (*path, "capabilities", "add", index))
    for key, name in (("seccompProfile", "seccomp"), ("appArmorProfile", "apparmor")):
        if (context.get(key) or {}).get("type") == UNCONFINED:
            yield Power(name, UNCONFINED, (*path, key, "type"))
    for index, sysctl in enumerate(context.get("sysctls") or ()):
        if sysctl.get("name") not in PLAIN_SYSCTLS:
            yield Power("sysctls", sysctl.get("name", ""), (*path, "sysctls", index))
    selinux = context.get("seLinuxOptions") or {}
    is_other = selinux.get("type", "") not in PLAIN_SELINUX_TYPES
    if is_other or selinux.get("user") or selinux.get("role"):
        yield Power("selinux", selinux.get("type", ""), (*path, "seLinuxOptions"))
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield Power("host-process", "", (*path, "windowsOptions", "hostProcess"))
