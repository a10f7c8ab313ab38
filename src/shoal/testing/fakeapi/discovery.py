"""What the server says of itself: its groups, versions and kinds."""

from typing import Any

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi.kinds import CRDS, KINDS, Kind
from shoal.testing.fakeapi.state import State

VERSION = {"major": "1", "minor": "34", "gitVersion": "v1.34.4", "platform": "linux/amd64"}
_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]


def discovered(request: Request, state: State) -> Any:
    """The answer to a question about the server, None for any other request."""
    if request.method != "GET":
        return None
    parts = [part for part in request.path.split("/") if part]
    if parts == ["version"]:
        return VERSION
    if parts in (["readyz"], ["livez"], ["healthz"]):
        return b"ok"
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    if parts == ["apis"]:
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups(state)}
    if parts[:1] == ["apis"] and len(parts) == 2:
        found = [group for group in _groups(state) if group["name"] == parts[1]]
        return {"kind": "APIGroup", "apiVersion": "v1", **found[0]} if found else None
    if (parts[:1] == ["apis"] and len(parts) == 3) or (parts[:1] == ["api"] and len(parts) == 2):
        return _resources(parts[1] if len(parts) == 3 else "", parts[-1], state)
    return None


def _served(state: State) -> list[Kind]:
    return [
        kind for kind in KINDS if not kind.custom or state.crds or state.find(CRDS, "", f"{kind.plural}.{kind.group}")
    ]


def _groups(state: State) -> list[dict[str, Any]]:
    found: dict[str, dict[str, None]] = {}
    for kind in _served(state):
        if kind.group:
            found.setdefault(kind.group, {}).update(dict.fromkeys(kind.versions))
    groups = []
    for name, versions in found.items():
        listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
        groups.append({"name": name, "versions": listed, "preferredVersion": listed[0]})
    return groups


def _resources(group: str, version: str, state: State) -> dict[str, Any] | None:
    found = []
    for kind in _served(state):
        if kind.group == group and version in kind.versions:
            one = {"name": kind.plural, "singularName": kind.kind.lower(), "namespaced": kind.namespaced}
            found.append(one | {"kind": kind.kind, "verbs": _VERBS, "shortNames": list(kind.short)})
            if kind.has_status:
                status = {"name": f"{kind.plural}/status", "singularName": "", "namespaced": kind.namespaced}
                found.append(status | {"kind": kind.kind, "verbs": ["get", "patch", "update"]})
    if not found:
        return None
    named = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": named, "resources": found}
