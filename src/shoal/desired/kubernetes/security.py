"""Profile ``secure``: what a manifest leaves open is closed, so that its pods pass Pod Security ``restricted``.

Whatever the manifest says itself stays, also where the pod then passes no more.
"""

from typing import Any

from shoal.desired.kubernetes.access import asks_kubernetes
from shoal.desired.kubernetes.group import PodGroup

USER, USERS_GROUP = 1000, 100
"""``ray`` and ``users``, as whom the images rayproject/ray run."""
HARMLESS = frozenset(("NET_BIND_SERVICE",))
Context = dict[str, Any]


def hardened(group: PodGroup, pod: dict[str, Any]) -> dict[str, Any]:
    """The pod's ``spec`` with everything closed that it leaves open."""
    given = pod.get("securityContext") or {}
    context = _of_pod(given, has_ranges=group.settings.has_routes)
    closed = pod | {"securityContext": context}
    for key in ("initContainers", "containers"):
        if key in pod:
            closed[key] = [_closed(container, context) for container in pod[key]]
    if "automountServiceAccountToken" not in pod and not asks_kubernetes(group):
        closed["automountServiceAccountToken"] = False
    return closed


def _of_pod(given: Context, *, has_ranges: bool) -> Context:
    """has_ranges: the API server itself chooses users, as OpenShift does, and refuses any other."""
    context: Context = {"seccompProfile": {"type": "RuntimeDefault"}}
    if "runAsUser" not in given and "runAsNonRoot" not in given and not has_ranges:
        context |= {"runAsUser": USER, "runAsGroup": USERS_GROUP}
        # Whose files are on a volume is looked up, not written anew, each time a pod starts.
        context |= {"fsGroup": USERS_GROUP, "fsGroupChangePolicy": "OnRootMismatch"}
    if given.get("runAsUser") != 0:
        context["runAsNonRoot"] = True
    return context | given


def _closed(container: dict[str, Any], pod: Context) -> dict[str, Any]:
    given = container.get("securityContext") or {}
    context: Context = {}
    if given.get("runAsUser") == 0 and pod.get("runAsNonRoot"):
        context["runAsNonRoot"] = False
    if not given.get("privileged"):
        capabilities = given.get("capabilities") or {}
        context["capabilities"] = {"drop": ["ALL"]} | capabilities
        # With such rights the API server takes no false here.
        if not set(capabilities.get("add") or ()) - HARMLESS:
            context["allowPrivilegeEscalation"] = False
        given = {key: value for key, value in given.items() if key != "capabilities"}
    return container | {"securityContext": context | given}
