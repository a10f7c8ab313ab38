"""Who may do what: the server's rule, and its answers to those who ask beforehand."""

from collections.abc import Callable
from typing import Any

import msgspec

from shoal.testing.fakeapi.refusals import Refused, forbidden
from shoal.testing.fakeapi.routes import Route

REVIEWS = ("/selfsubjectaccessreviews", "/subjectaccessreviews")


class Asked(msgspec.Struct, frozen=True):
    """What someone wants to do, as RBAC speaks of it. resource: PLURAL.GROUP, with /SUBRESOURCE."""

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""


Allowed = Callable[[Asked], bool]


def asked_by(route: Route) -> Asked:
    """What a request wants."""
    resource = route.kind.resource + (f"/{route.subresource}" if route.subresource else "")
    return Asked(route.verb, resource, route.namespace, route.name)


def refused(route: Route, user: str) -> Refused:
    """403, in the server's words."""
    kind = route.kind
    plural = kind.plural + (f"/{route.subresource}" if route.subresource else "")
    where = f' in the namespace "{route.namespace}"' if route.namespace else " at the cluster scope"
    why = f'User "{user}" cannot {route.verb} resource "{plural}" in API group "{kind.group}"{where}'
    return forbidden(kind.group, kind.plural, route.name, why)


def reviewed(review: dict[str, Any], allowed: Allowed) -> dict[str, Any]:
    """A SelfSubjectAccessReview or SubjectAccessReview with its answer."""
    wanted = (review.get("spec") or {}).get("resourceAttributes") or {}
    plural = wanted.get("resource", "") + (f".{wanted['group']}" if wanted.get("group") else "")
    resource = plural + (f"/{wanted['subresource']}" if wanted.get("subresource") else "")
    asked = Asked(wanted.get("verb", ""), resource, wanted.get("namespace", ""), wanted.get("name", ""))
    return {**review, "status": {"allowed": allowed(asked)}}
