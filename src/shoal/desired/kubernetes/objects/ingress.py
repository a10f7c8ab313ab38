"""What leads from outside to the dashboard when ``enableIngress`` asks for it: an Ingress, or a Route on OpenShift."""

from typing import Any

from shoal.desired.cluster import DesiredObject
from shoal.desired.kubernetes import names
from shoal.desired.kubernetes.objects.labels import identified
from shoal.desired.kubernetes.objects.manifest import manifest
from shoal.desired.kubernetes.ports import dashboard_port
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import IngressOptions, RayCluster

CLASS = "kubernetes.io/ingress.class"
REWRITE = "nginx.ingress.kubernetes.io/rewrite-target"
NOT_FOR_CONTROLLERS = ("kubectl.kubernetes.io/", "ray.io/", "shoal.dev/")
"""Beginnings of annotations that are about the RayCluster itself."""


def dashboard_way(cluster: RayCluster, raw: dict[str, Any], settings: Settings) -> DesiredObject | None:
    """The Ingress or Route; None when the manifest asks for none. raw: the cluster's spec."""
    if not cluster.spec.head_group_spec.enable_ingress:
        return None
    return _route(cluster, settings) if settings.has_routes else _ingress(cluster, raw)


def _ingress(cluster: RayCluster, raw: dict[str, Any]) -> DesiredObject:
    options = cluster.spec.head_group_spec.ingress_options or IngressOptions()
    service = {"name": names.head_service(cluster), "port": {"number": dashboard_port(cluster)}}
    usual, usual_type = _usual_path(cluster)
    path = {
        "path": options.path or usual,
        "pathType": options.path_type or ("Prefix" if options.path else usual_type),
        "backend": {"service": service},
    }
    rule: dict[str, Any] = {"http": {"paths": [path]}}
    if options.host:
        rule["host"] = options.host
    spec: dict[str, Any] = {"rules": [rule]}
    if options.tls:
        spec["tls"] = raw["headGroupSpec"]["ingressOptions"]["tls"]
    if CLASS in cluster.metadata.annotations:
        # Beside the field that took its place the API server refuses the annotation.
        spec["ingressClassName"] = cluster.metadata.annotations[CLASS]
    return manifest(
        "Ingress",
        names.head_ingress(cluster.metadata.name),
        identified(cluster),
        {"spec": spec},
        api="networking.k8s.io/v1",
        annotations=_for_controller(cluster),
    )


def _usual_path(cluster: RayCluster) -> tuple[str, str]:
    """Path and type where the manifest names none. Who rewrites by ``$1`` counts on the path of KubeRay before 1.7."""
    if "$1" in cluster.metadata.annotations.get(REWRITE, ""):
        return f"/{cluster.metadata.name}/(.*)", "ImplementationSpecific"
    return "/", "Prefix"


def _route(cluster: RayCluster, settings: Settings) -> DesiredObject:
    options = cluster.spec.head_group_spec.ingress_options or IngressOptions()
    spec: dict[str, Any] = {
        "to": {"kind": "Service", "name": names.head_service(cluster), "weight": 100},
        "port": {"targetPort": dashboard_port(cluster)},
        "wildcardPolicy": "None",
    }
    if options.host:
        spec["host"] = options.host
    if options.path:
        spec["path"] = options.path
    if settings.secure:
        spec["tls"] = {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"}
    return manifest(
        "Route",
        names.head_route(cluster.metadata.name),
        identified(cluster),
        {"spec": spec},
        api="route.openshift.io/v1",
        annotations=_for_controller(cluster),
    )


def _for_controller(cluster: RayCluster) -> dict[str, str]:
    """Annotations of the cluster that its Ingress is to have: by them people set up their controller."""
    given = cluster.metadata.annotations
    return {key: value for key, value in given.items() if key != CLASS and not key.startswith(NOT_FOR_CONTROLLERS)}
