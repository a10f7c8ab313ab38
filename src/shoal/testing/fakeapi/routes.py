"""A request's path and method -> the verb, the kind and the object they speak of."""

import msgspec

from shoal.backends.kubernetes.transport import Request
from shoal.testing.fakeapi.kinds import Kind, kind_at
from shoal.testing.fakeapi.refusals import PathUnknown, not_allowed

_ON_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ON_ALL = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
TRUE = ("1", "t", "true")


class Route(msgspec.Struct, frozen=True):
    """Where a request goes. namespace: "" for all or none; name: "" for a collection; subresource: as ``status``."""

    verb: str
    kind: Kind
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def route_of(request: Request) -> Route:
    """Where the request goes. Raises PathUnknown, Refused."""
    parts = [part for part in request.path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise PathUnknown
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    kind = kind_at(group, version, rest[0])
    name, subresource = (*rest[1:], "", "")[:2]
    if len(rest) > 3 or (name and kind.namespaced and not namespace) or (namespace and not kind.namespaced):
        raise PathUnknown
    if subresource and subresource not in _subresources(kind):
        raise PathUnknown
    verb = (_ON_ONE if name else _ON_ALL).get(request.method, "")
    if verb == "list" and request.query.get("watch", "").lower() in TRUE:
        verb = "watch"
    if (
        not verb
        or (subresource and verb == "delete")
        or (subresource == "log" and verb != "get")
        or (verb == "create" and kind.namespaced and not namespace)
    ):
        raise not_allowed()
    return Route(verb, kind, version, namespace, name, subresource)


def _subresources(kind: Kind) -> tuple[str, ...]:
    more = {"namespaces": ("finalize",), "pods": ("log",)}.get(kind.plural, ())
    return (("status",) if kind.has_status else ()) + more
