"""The operator's namespace, its Deployment and who may reach it."""

from typing import Any

from shoal.install.options import NAME, SELECTOR, Options, metadata

METRICS_PORT = 8080
HEALTH_PORT = 8082
USER = 65532
RESOURCES = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}}
"""A thousand clusters take less than 128 MiB. No limit on CPU: it would slow the operator down just when it matters."""
POD_SECURITY = {"pod-security.kubernetes.io/enforce": "restricted"}


def namespace(options: Options) -> dict[str, Any]:
    """Where the operator runs. Only pods as careful as its own are let in."""
    meta = metadata(options, options.namespace)
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": meta | {"labels": options.labels | POD_SECURITY}}


def deployment(options: Options) -> dict[str, Any]:
    """The operator. Its pods pass Pod Security ``restricted`` and write nothing to their file system."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(options, NAME, options.namespace),
        "spec": {
            "replicas": options.replicas,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": SELECTOR},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": options.labels}, "spec": _pod(options)},
        },
    }


def _pod(options: Options) -> dict[str, Any]:
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 30,
        "affinity": _apart(),
        "containers": [_container(options)],
    }


def _container(options: Options) -> dict[str, Any]:
    return {
        "name": "operator",
        "image": options.image,
        "imagePullPolicy": "IfNotPresent",
        "args": arguments(options),
        "ports": [
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
            {"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"},
        ],
        "livenessProbe": _probe("/healthz") | {"initialDelaySeconds": 10, "periodSeconds": 20, "failureThreshold": 3},
        "readinessProbe": _probe("/readyz") | {"periodSeconds": 5, "failureThreshold": 3},
        "resources": RESOURCES,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def arguments(options: Options) -> list[str]:
    """What follows ``shoal`` on the operator's command line."""
    watched = [f"--watch-namespace={namespace}" for namespace in options.watch]
    return ["operator", "run", f"--operator-namespace={options.namespace}", f"--profile={options.profile}", *watched]


def _probe(path: str) -> dict[str, Any]:
    return {"httpGet": {"path": path, "port": "health"}, "timeoutSeconds": 5}


def _apart() -> dict[str, Any]:
    """Several replicas on several machines, where there are any."""
    term = {"labelSelector": {"matchLabels": SELECTOR}, "topologyKey": "kubernetes.io/hostname"}
    preferred = [{"weight": 100, "podAffinityTerm": term}]
    return {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}


def network_policy(options: Options) -> dict[str, Any]:
    """Nothing but its metrics can be reached from other pods; the machine's own probes always get through.

    Where it may go is not limited: no policy can name the API server, whose address and port differ everywhere.
    """
    metrics = {"from": [{"namespaceSelector": {}}], "ports": [{"port": "metrics", "protocol": "TCP"}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(options, NAME, options.namespace),
        "spec": {"podSelector": {"matchLabels": SELECTOR}, "policyTypes": ["Ingress"], "ingress": [metrics]},
    }
